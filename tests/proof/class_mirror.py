"""A proof that takes minutes: a class fetches one archive from a `doit serve`, all at once.

    python -m tests.proof.class_mirror [--clients 30] [--megabytes 30]

The server and each client are real processes of doit on this machine, each client with a checkout
and a cache of its own; the archive is made here. Three rounds: one client; all of them; all of them
while the server is killed by SIGKILL, once half of the bytes were sent, and started again on the
same port. Told are how many clients were connected at once; when the first and the last had its
copy, in seconds after the start of all; what was sent in all; the server's peak memory; and how
often `doit download` had to be run once more. Needs Linux: memory and bytes are those of the
server's process in /proc.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import archives
from tasks.core.files import human_size, sha256_of
from tests.support.checkouts import Checkout, check_out
from tests.support.servers import free_port

NETWORK = '[networks.net]\nsources = ["https://zoo.example/models/20200711/net.tar.gz"]\n'
PROJECT = '[projects.cubes]\nlabels = ["one"]\nnetworks = ["net"]\n'
MIRRORS = '[settings]\nmirrors_first = true\nmirrors = ["http://127.0.0.1:{}"]\n'
MOST_RUNS = 5  # of a client whose download was deferred
WAIT = 0.005  # seconds between two looks at all processes
WEIGHTS = 540_000  # bytes of weights, twice in an archive, that make about a megabyte of it


@dataclass(frozen=True)
class Round:
    """What became of a round.

    Attributes:
        size: of the archive, in bytes.
        seconds: from the start of all clients until each had its copy, the shortest first.
        sent: bytes that the server sent, before and after it was killed.
        peak: bytes of memory that the server had at most.
        at_once: connections that it had open at most.
        reruns: runs of `doit download` after one that was deferred.
    """

    size: int
    seconds: list[float]
    sent: int
    peak: int
    at_once: int
    reruns: int


@dataclass
class Server:
    """A teacher's `doit serve`, which may be killed and started again.

    Attributes:
        sent_before: bytes that were sent by processes that ended.
        peak, at_once: see `Round`.
    """

    teacher: Checkout
    port: int
    sent_before: int = 0
    peak: int = 0
    at_once: int = 0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the process, and wait until it serves."""
        self._process = self.teacher.start("serve", "--port", str(self.port))
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("serving 1 archive"), (line, self._process.communicate(timeout=10))

    @property
    def sent(self) -> int:
        """Bytes that were sent: what the process gave to `sendfile`."""
        return self.sent_before + self._read("io", "wchar")

    def look(self) -> None:
        """Note how much memory it has had, and how many connections it has: a thread each."""
        self.peak = max(self.peak, self._read("status", "VmHWM") * 1024)
        self.at_once = max(self.at_once, self._read("status", "Threads") - 1)

    def end(self, number: signal.Signals) -> None:
        """End it by a signal. Until it is waited for, the system knows what it sent."""
        self.look()
        self._process.send_signal(number)
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self.sent_before = self.sent
        self._process.communicate()

    def _read(self, file: str, name: str) -> int:
        """A number that the system tells of the process."""
        text = Path(f"/proc/{self._process.pid}/{file}").read_text()
        return int(text.partition(f"{name}:")[2].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--megabytes", type=int, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="class-") as name:
        teacher = teacher_in(Path(name), given.megabytes)
        _tell("one client", attend(teacher, 1))
        _tell("all clients", attend(teacher, given.clients))
        _tell("server killed", attend(teacher, given.clients, kill=True))


def teacher_in(folder: Path, megabytes: int) -> Checkout:
    """A workspace that took an archive of about this size with `doit adopt`."""
    made = archives.make(folder, "net", megabytes * WEIGHTS, graph=1 << 16)
    archive = made.path.rename(folder / "net.tar.gz")
    teacher = check_out(folder / "teacher", TOD_CACHE=str(folder / "cache"), TOD_OFFLINE="1")
    teacher.configure(NETWORK + PROJECT)
    done = teacher.doit("adopt", str(archive))
    assert done.code == 0, done.said
    return teacher


def attend(teacher: Checkout, clients: int, *, kill: bool = False) -> Round:
    """Have so many clients fetch the archive at once; each must end with the very same bytes.

    Args:
        kill: kill the server once half of the bytes were sent, and start it again.
    """
    archive = teacher.root.parent / "net.tar.gz"
    port = free_port()
    pupils = [_pupil(teacher, number, port) for number in range(clients)]
    size = archive.stat().st_size
    server = Server(teacher, port)
    begun = time.monotonic()
    fetching = [Fetching(pupil) for pupil in pupils]
    waiting = fetching
    while waiting := [one for one in waiting if not one.is_done()]:
        time.sleep(WAIT)
        server.look()
        if kill and server.sent * 2 > size * clients:
            server.end(signal.SIGKILL)
            server.start()
            kill = False
    server.end(signal.SIGINT)
    digest = sha256_of(archive)
    assert not kill, "the server was not killed"
    assert [sha256_of(copy) for one in fetching for copy in one.copies] == [digest] * clients
    for pupil in pupils:
        shutil.rmtree(pupil.root.parent)
    return Round(
        size=size,
        seconds=sorted(one.ended - begun for one in fetching),
        sent=server.sent_before,
        peak=server.peak,
        at_once=server.at_once,
        reruns=sum(one.runs - 1 for one in fetching),
    )


def _pupil(teacher: Checkout, number: int, port: int) -> Checkout:
    """A checkout with the teacher's lock and a cache of its own."""
    pupil = check_out(teacher.root.parent / f"pupil-{number}" / "checkout")
    pupil.configure(NETWORK + PROJECT + MIRRORS.format(port))
    shutil.copy(teacher.root / "config/zoo.lock", pupil.root / "config/zoo.lock")
    return pupil


class Fetching:
    """A client at work: `doit download`, and once more where that was deferred.

    Attributes:
        runs: how often it was started.
        ended: when it had its copy, by the monotonic clock; 0.0 until then.
    """

    def __init__(self, pupil: Checkout) -> None:
        self._pupil = pupil
        self.runs, self.ended = 0, 0.0
        self._start()

    @property
    def copies(self) -> list[Path]:
        """The archives in its cache."""
        return list((self._pupil.root.parent / "cache/archives").glob("*.tar.gz"))

    def _start(self) -> None:
        self.runs += 1
        self._process = self._pupil.start("download")

    def is_done(self) -> bool:
        """Whether it has its copy. Starts it again if it ended without."""
        if not self.ended and self._process.poll() is not None:
            out, err = self._process.communicate()
            if self.copies:
                self.ended = time.monotonic()
            else:
                assert self.runs < MOST_RUNS, out + err
                self._start()
        return self.ended > 0


def _tell(what: str, done: Round) -> None:
    """A line of a round."""
    clients = len(done.seconds)
    total = done.size * clients
    print(
        f"{what}: {clients} × {human_size(done.size)}, each copy right; "
        f"{done.at_once} at once; {done.seconds[0]:.1f} to {done.seconds[-1]:.1f} s; "
        f"{human_size(int(total / done.seconds[-1]))}/s in all; "
        f"sent {done.sent / total:.3f} times the size; server {human_size(done.peak)}; "
        f"{done.reruns} further runs",
        flush=True,
    )


if __name__ == "__main__":
    main()
