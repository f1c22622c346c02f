"""A workspace in which whole runs of `doit` are watched: what an undisturbed one leaves, and when.

A `Scene` is a checkout with two networks (one behind a slow server on loopback, one a local file)
and some projects. An undisturbed run of it shows in which order tasks end, how long each takes, and
how much it writes.

TensorFlow takes seconds to start. Where a test is about another step, a stand-in answers in its
place: it is the smoke step's child process, and none of the other steps knows of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import stat
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.archives import zoo_archive, zoo_files
from tests.support.checkouts import ROOT, Checkout, check_out
from tests.support.servers import Connection, Reply, ScriptedServer, answer, head, serving, trusted

STEPS = ("download", "verify", "extract", "scaffold", "smoke")
PROJECTS = 4
# Notes that mean nothing once their writer is gone, times, and doit's own database.
NOT_COMPARED = re.compile(r"\.tod/(doit\.sqlite.*|turns/.*\.json|local/.*|logs/.*)")
TIMES = re.compile(r"\d+(\.\d+)? m?s\b")
STAND_IN = """
import signal, sys, time
from pathlib import Path
sys.path.append(str(Path(__file__).resolve().parents[2]))
signal.signal(signal.SIGINT, signal.SIG_IGN)
import msgspec
from tasks.inference.channel import PhaseStarted, Ready, Reply, Request
from tasks.inference.report import SmokeReply, Report, SmokeRequest

def say(message):
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\\n")
    sys.stdout.buffer.flush()

say(Ready())
for line in sys.stdin.buffer:
    request = msgspec.json.decode(line, type=Request)
    say(PhaseStarted("load", request.token))
    time.sleep(0.1)
    trial = msgspec.json.decode(request.body, type=SmokeRequest)
    report = Report(network=trial.network, applicable=trial.saved_model)
    drawn = b"drawn" if trial.saved_model else b""
    examined = SmokeReply(report=report, drawn=drawn, summary="stand-in")
    body = msgspec.Raw(msgspec.json.encode(examined))
    say(Reply(body=body, token=request.token))
"""


@dataclass(frozen=True)
class Scene:
    """Everything needed to run one workspace again and again, in one place.

    Attributes:
        root: holds `pristine`, `workspace`, `cache` and the compiled modules.
        server: serves the one archive.
        patience: seconds that a run may take.
    """

    root: Path
    server: ScriptedServer
    patience: float

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def fresh(self, *, stand_in: bool) -> Checkout:
        """The workspace as it was cloned; its cache is empty."""
        workspace = self.root / "workspace"
        for folder in (workspace, self.cache):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.root / "pristine", workspace)
        if stand_in:
            (workspace / "tasks/inference/worker.py").write_text(STAND_IN)
        environment = {
            "TOD_CACHE": str(self.cache),
            "REQUESTS_CA_BUNDLE": str(trusted().bundle),
            "PYTHONHASHSEED": "0",  # doit would run tasks in another order each time
        }
        return Checkout(workspace, environment, self.patience)


@contextmanager
def scene(root: Path, *, size: int, seconds: float, patience: float = 110) -> Iterator[Scene]:
    """A scene whose remote archive has some `size` bytes and takes `seconds` to be sent."""
    with tarfile.open(next((ROOT / "embedded").glob("*.tar.gz"))) as embedded:
        files = {
            member.name.partition("/")[2]: embedded.extractfile(member).read()  # type: ignore[union-attr]
            for member in embedded
            if member.isfile()
        }
    files |= {f"more/{number}": random.Random(number).randbytes(size // 8) for number in range(8)}
    root.mkdir(parents=True, exist_ok=True)
    zoo_archive(root / "digits.tar.gz", files, level=1)
    zoo_archive(root / "bare.tar.gz", zoo_files(size=size // 8, saved_model=False))
    reply = paced((root / "digits.tar.gz").read_bytes(), seconds)
    with serving(reply, tls=trusted().context) as server:
        pristine = check_out(root / "pristine")
        pristine.configure(configuration(server.url("digits.tar.gz"), root / "bare.tar.gz"))
        yield Scene(root, server, patience)


def configuration(remote: str, local: Path) -> str:
    """config/workspace.toml of a scene."""
    projects = "".join(
        f'[projects.dice_{n}]\nlabels = ["one", "two"]\nnetworks = ["digits", "bare"]\n'
        for n in range(PROJECTS)
    )
    networks = f'[networks.digits]\nsources = ["{remote}"]\nlabels = "cube_digits"\n'
    networks += f'[networks.bare]\nsources = ["{local}"]\nsaved_model = false\n'
    return projects + networks


def paced(body: bytes, seconds: float) -> Reply:
    """A file, as a good but slow server gives it."""
    etag = '"soak"'

    def reply(connection: Connection) -> None:
        asked = connection.request.headers
        start = int(asked.get("range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if start >= len(body):
            return answer(416, headers={"Content-Range": f"bytes */{len(body)}", "ETag": etag})(
                connection
            )
        where = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
        fields = {"Content-Length": len(body) - start, "ETag": etag, **where}
        connection.send(head(206 if start else 200, fields))
        step = max(len(body) // 100, 1)
        for at in range(start, len(body), step):
            connection.send(body[at : at + step])
            time.sleep(seconds / 100)
        return None

    return reply


@dataclass(frozen=True)
class Reference:
    """What an undisturbed run leaves.

    Attributes:
        files: as `snapshot` tells them.
        cached: the names of the cache's files.
        seconds: how long each task took, in the order in which they ended.
        written: how much each task wrote, as `written` tells it; 0 if that can't be watched.
    """

    files: dict[str, str]
    cached: set[str]
    seconds: dict[str, float]
    written: dict[str, int]


def undisturbed(place: Scene, *, stand_in: bool) -> Reference:
    """Run the scene to its end."""
    checkout = place.fresh(stand_in=stand_in)
    began = time.time()
    done = checkout.doit()
    assert done.code == 0, done.said
    ends = sorted((path.stat().st_mtime, task) for task, path in receipts(checkout).items())
    seconds = {}
    for end, task in ends:
        seconds[task], began = max(end - began, 0.0), end
    total = {task: written(place, checkout, task) for task in seconds}
    total["download:digits"] = (place.root / "digits.tar.gz").stat().st_size
    return Reference(snapshot(checkout), names(place.cache), seconds, total)


def written(place: Scene, checkout: Checkout, task: str) -> int:
    """What a task has written so far: bytes, or for scaffold files and folders; 0 if it writes
    nothing that could be watched."""
    step, _, name = task.partition(":")
    if step == "download":
        return sum(_size(path) for path in place.cache.glob("partial/*.part"))
    if step == "extract":
        shelf = checkout.root / "pre-trained"
        places = [*shelf.glob(f".{name}.staging*"), shelf / name]
        return sum(_size(path) for place in places for path in _all_in(place))
    if step == "scaffold":
        return len(_all_in(checkout.root / name))
    return 0


def _all_in(folder: Path) -> list[Path]:
    """All files and folders below a folder that others may take away at the same time."""
    return [
        Path(place) / name
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
    ]


def _size(path: Path) -> int:
    try:
        status = path.lstat()
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def receipts(checkout: Checkout) -> dict[str, Path]:
    """task → receipt, of all tasks that are done."""
    found = (checkout.root / ".tod/receipts").glob("[!.]*/[!.]*.json")
    return {f"{path.parent.name}:{path.stem}": path for path in found if is_done(path)}


def is_done(receipt: Path) -> bool:
    """Whether this receipt says that its task is done: neither deferred nor interrupted."""
    told = json.loads(receipt.read_bytes())
    return bool(told["definition"]) and told["status"] == "done"


def names(folder: Path) -> set[str]:
    """The files of a cache. What lies beside a lock means nothing once its holder is gone, and the
    notes of workspaces are called by where these are."""
    others = ("locks", "workspaces")
    paths = (
        path for path in folder.rglob("*") if path.is_file() and path.parent.name not in others
    )
    return {path.relative_to(folder).as_posix() for path in paths}


def snapshot(checkout: Checkout) -> dict[str, str]:
    """path → digest of every file of a workspace (and times, where ours are restored)."""
    seen = {}
    for path in sorted(checkout.root.rglob("*")):
        name = path.relative_to(checkout.root).as_posix()
        if NOT_COMPARED.fullmatch(name) or "__pycache__" in path.parts:
            continue
        if path.is_dir():
            seen[name] = "folder"
            continue
        mtime = path.stat().st_mtime_ns if name.startswith("pre-trained/") else 0
        seen[name] = f"{hashlib.sha256(_without_times(name, path)).hexdigest()} {mtime}"
    return seen


def _without_times(name: str, path: Path) -> bytes:
    content = path.read_bytes()
    if name.startswith(".tod/receipts/smoke/"):
        receipt: dict[str, Any] = json.loads(TIMES.sub("", content.decode()))
        for result, output in receipt.get("outputs", {}).items():
            if result.endswith(".json"):  # it has times in it, and is compared without them
                output["sha256"] = ""
        return json.dumps(receipt).encode()
    if name.startswith("results/") and name.endswith(".json"):
        report: dict[str, Any] = json.loads(content)
        return json.dumps({**report, "seconds": None, "peak_memory": None}).encode()
    return content
