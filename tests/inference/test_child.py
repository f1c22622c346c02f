"""The parent's side of the TensorFlow process, tried on a worker without TensorFlow."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from tasks.core.errors import NetworkError
from tasks.inference.channel import Handler, Request, start
from tasks.inference.child import COMMAND, Child, ignore
from tasks.inference.environment import Permissions
from tasks.inference.output_log import HEAD, TAIL, last_line

ROOT = Path(__file__).parents[2]
FAKE = (sys.executable, "-m", "tests.inference.fake_worker")
posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")

SMOKE: Handler = "tasks.smoke.examination:handle"

Run = Callable[..., int]


class FakeReply(Struct):
    """The fake worker's answer: its process id, and some megabytes."""

    process: int
    padding: str


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child(FAKE)
    yield child
    child.close()


@pytest.fixture
def run(child: Child, tmp_path: Path) -> Run:
    """`run(network)`: the process id of the worker that answered it."""

    def ask(name: str, limit: float = 20.0) -> int:
        request = Request(handler=SMOKE, network=name, log=str(tmp_path / f"{name}.log"))
        return child.run(request, FakeReply, limit, ignore).process

    return ask


def gone(process_id: int, within: float = 10.0) -> bool:
    """Whether the process ends in time."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_one_process_serves_many_networks(run: Run) -> None:
    assert run("a") == run("b") == run("c")


def test_a_network_that_leaves_much_behind_is_the_last_one_of_its_process(run: Run) -> None:
    first = run("large")
    assert gone(first)
    assert run("a") == run("b") != first


def test_phases_are_reported_as_they_begin(child: Child, tmp_path: Path) -> None:
    phases: list[str] = []
    request = Request(handler=SMOKE, network="a", log=str(tmp_path / "log"))
    child.run(request, FakeReply, 20, phases.append)
    child.run(request, FakeReply, 20, phases.append)
    assert phases == ["start TensorFlow", "load", "load"]


def test_a_request_with_partial_results_may_take_longer_than_one_without(
    child: Child, tmp_path: Path
) -> None:
    request = Request(handler=SMOKE, network="parts", log=str(tmp_path / "log"), most_partials=5)
    parts: list[bytes] = []
    child.run(request, FakeReply, 0.9, ignore, lambda body: parts.append(bytes(body)))
    assert parts == [b"0", b"1", b"2", b"3", b"4"]


def test_a_fault_that_the_worker_reports_is_shown_with_what_to_do(run: Run) -> None:
    with pytest.raises(NetworkError, match="fault: it has no signature; export it again"):
        run("fault")
    assert run("a")


def test_a_process_that_takes_too_long_is_killed_and_the_next_network_gets_a_new_one(
    run: Run,
) -> None:
    first = run("a")
    with pytest.raises(NetworkError, match=r"sleep: it did not answer within 0\.3 seconds"):
        run("sleep", 0.3)
    assert gone(first)
    assert run("b") != first


@posix
@pytest.mark.parametrize(
    ("number", "message"),
    [
        (9, "killed by signal 9: out of memory"),
        (4, "made for another kind of processor"),
        (11, r"signal 11 \(SIGSEGV\)"),
    ],
)
def test_a_death_by_signal_is_named(run: Run, number: int, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        run(f"signal-{number}")
    assert run("b")


def test_a_death_is_explained_by_the_last_useful_line_of_the_log(run: Run, tmp_path: Path) -> None:
    with pytest.raises(NetworkError) as error:
        run("exit")
    assert "exit code 3: MemoryError: too much" in str(error.value)
    assert str(tmp_path / "exit.log") in str(error.value)


def test_half_a_reply_is_not_taken(run: Run) -> None:
    with pytest.raises(NetworkError, match=r"ended before it had answered \(exit code 0\)"):
        run("half")


def test_a_message_about_another_request_is_not_believed(run: Run) -> None:
    with pytest.raises(NetworkError, match="sent a message that is not about this request"):
        run("forged")
    assert run("b")


def test_a_message_that_was_not_asked_for_reaches_no_other_network(run: Run) -> None:
    first = run("unasked")
    time.sleep(0.1)
    assert run("b") not in (0, first)


def test_partial_results_that_were_not_asked_for_renew_no_time(run: Run) -> None:
    with pytest.raises(NetworkError, match="it sent more than 0 partial results"):
        run("renewed", 5.0)
    assert run("b")


def test_only_what_is_on_the_list_is_done() -> None:
    forged = b'{"handler": "os:abort", "network": "a", "log": "log"}'
    with pytest.raises(msgspec.ValidationError, match="os:abort"):
        msgspec.json.decode(forged, type=Request)


REOPEN = """
import os, sys
for number in (0, 1, 3, 4, 5):
    for flags in (os.O_WRONLY, os.O_RDONLY):
        try:
            os.close(os.open(f"/proc/self/fd/{number}", flags | os.O_NONBLOCK))
            sys.stderr.write(f"opened {number}\\n")
        except OSError as error:
            sys.stderr.write(f"{number}: {error.errno}\\n")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_the_channel_cannot_be_opened_by_its_name() -> None:
    process, channel = start((sys.executable, "-c", REOPEN), os.environ)
    assert process.stderr is not None
    lines = process.stderr.read().decode().splitlines()
    process.wait(10)
    process.stderr.close()
    channel.close()
    assert {line for line in lines if not line.endswith(f": {errno.ENOENT}")} == {
        f"{number}: {errno.ENXIO}" for number in (0, 1)
    }


def test_the_reason_is_shown_and_not_a_frame_of_the_stack(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "F0000 00:00:17 20047 control_flow_ops.cc:737] Abort_op intentional failure; gone\n"
        " on a second line\n"
        "[symbolize_elf.inc : 379] RAW: Unable to get high fd: rc=0, limit=1024\n"
        "*** Check failure stack trace: ***\n"
        "    @     0x7f970fb1d314  absl::LogMessage::SendToLog()\n"
        "    @     0x7f97162a71f5  (unknown)\n"
    )
    assert last_line(log) == "Abort_op intentional failure; gone"


def test_a_process_that_died_between_two_networks_is_replaced(child: Child, run: Run) -> None:
    first = run("a")
    process = child._process
    assert process is not None
    process.popen.terminate()
    process.popen.wait(10)
    assert run("b") != first


def test_a_tensorflow_that_does_not_import_is_reported_with_what_to_do(tmp_path: Path) -> None:
    request = Request(handler=SMOKE, network="a", log=str(tmp_path / "log"))
    broken = Child((*FAKE, "broken"))
    with pytest.raises(NetworkError, match=r"can't be imported: ImportError: no module; install"):
        broken.run(request, FakeReply, 20, ignore)


def test_a_death_at_the_start_is_explained_from_the_log_of_the_start(tmp_path: Path) -> None:
    request = Request(handler=SMOKE, network="a", log=str(tmp_path / "log"))
    with pytest.raises(NetworkError, match="exit code 1: libtensorflow: cannot open shared object"):
        Child((*FAKE, "die")).run(request, FakeReply, 20, ignore)


def test_an_early_start_is_used_by_the_first_network(
    child: Child, run: Run, tmp_path: Path
) -> None:
    child.warm_up(tmp_path / "logs" / "start.log", Permissions())
    process = child._process
    child.warm_up(tmp_path / "logs" / "start.log", Permissions())
    assert process is not None
    assert run("a") == process.popen.pid


def test_an_interrupted_wait_ends_the_process(child: Child, tmp_path: Path) -> None:
    def interrupt(phase: str) -> None:
        if phase == "load":
            raise KeyboardInterrupt

    child.warm_up(tmp_path / "log", Permissions())
    process = child._process
    request = Request(handler=SMOKE, network="a", log=str(tmp_path / "log"))
    with pytest.raises(KeyboardInterrupt):
        child.run(request, FakeReply, 20, interrupt)
    assert process is not None
    assert process.popen.poll() is not None


PARENT = """
import sys
from pathlib import Path
from tasks.inference.child import Child, COMMAND, shared
from tasks.inference.channel import Request
child = Child(eval(sys.argv[1]))
def phase(name):
    print(child._process.popen.pid, flush=True)
request = Request(handler="tasks.smoke.examination:handle", network="sleep", log=sys.argv[2])
child.run(request, object, 100, phase)
"""


@posix
@pytest.mark.parametrize(
    ("number", "command"),
    [
        (signal.SIGINT, FAKE),
        (signal.SIGINT, COMMAND),
        (signal.SIGTERM, COMMAND),
        (signal.SIGKILL, COMMAND),
    ],
)
def test_no_process_outlives_its_parent(
    tmp_path: Path, number: signal.Signals, command: tuple[str, ...]
) -> None:
    # Ctrl-C is the parent's to handle, whatever its worker is at; the rest kills the parent at
    # once and leaves the worker, here busy importing TensorFlow, the end of its stdin to notice.
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), repr(command), str(tmp_path / "log")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    time.sleep(0.5)
    parent.send_signal(number)
    parent.wait(10)
    parent.stdout.close()
    assert gone(worker)


def test_what_is_printed_in_masses_is_kept_from_its_beginning_and_its_end(
    run: Run, tmp_path: Path
) -> None:
    run("flood")
    log = (tmp_path / "flood.log").read_bytes()
    assert HEAD + TAIL < len(log) < HEAD + TAIL + 100
    assert log.startswith(b"x" * 999_999 + b"\n")
    assert log.endswith(b"x\nthe end of it\n")
    assert b"\n[17000014 bytes are left out here]\n" in log


def test_each_network_has_a_log_of_its_own(run: Run, tmp_path: Path) -> None:
    run("flood")
    run("a")
    with pytest.raises(NetworkError):
        run("exit")
    assert (tmp_path / "a.log").read_bytes() == b""
    assert (tmp_path / "exit.log").read_text().startswith("Traceback\nMemoryError: too much\n")


@pytest.mark.parametrize("name", ["garbage", "other"])
def test_a_reply_that_makes_no_sense_is_reported(run: Run, name: str) -> None:
    with pytest.raises(NetworkError, match="process does not answer as it should"):
        run(name)
    assert run("b")


def test_a_message_without_end_is_not_awaited(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.inference.child.LONGEST", 100_000)
    with pytest.raises(NetworkError, match="process does not answer as it should"):
        run("a")


def test_a_request_that_must_read_more_gets_a_new_process(child: Child, tmp_path: Path) -> None:
    def asked(*reads: Path) -> int:
        permissions = Permissions(reads=tuple(map(str, reads)))
        request = Request(
            handler=SMOKE, network="a", log=str(tmp_path / "log"), permissions=permissions
        )
        return child.run(request, FakeReply, 20, ignore).process

    one, two = tmp_path / "one", tmp_path / "two"
    first = asked(one)
    one.mkdir()
    second = asked(one)  # it was not there before, so it could not be granted
    two.symlink_to(one)
    assert second != first
    assert asked(two / "picture") == second
    (tmp_path / "three").touch()
    third = asked(tmp_path / "three")
    assert third != second
    assert asked(one, two) == third


def test_the_process_has_a_home_of_its_own_that_goes_with_it(child: Child, tmp_path: Path) -> None:
    child.warm_up(tmp_path / "log", Permissions())
    assert child._process is not None
    home = Path(child._process.home)
    assert [path.name for path in home.iterdir()] == ["permissions.json"]
    assert home.stat().st_mode & 0o777 == 0o700
    child.close()
    assert not home.exists()


def test_the_last_useful_line_is_found_in_a_long_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 100_000 + b"\n\xff\xfe the reason\n\n   \n")
    assert last_line(log).endswith("the reason")
    assert last_line(tmp_path / "none") == ""


def test_the_parent_imports_nothing_heavy() -> None:
    code = (
        "import sys, tasks.smoke.step\n"
        "heavy = {'numpy', 'PIL', 'tensorflow', 'requests', 'rich'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
