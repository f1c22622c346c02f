"""One process at a time does a piece of work, out of courtesy.

The lock only saves doing it twice. Nothing rests on it: it may be missing (some network file
systems grant it to everyone), and a wait ends without it once the holder makes no progress. The
operating system drops a dead holder's lock.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

import msgspec

from tasks.core.files import make_folders
from tasks.core.temporary import create, file_lock, read_small
from tasks.pipeline.job import Progress
from tasks.pipeline.step import J, Step

POLL = 0.1


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who is at work. `since` is in seconds since 1970."""

    host: str
    pid: int
    since: float


def holder_path(lock: Path) -> Path:
    return lock.with_name(lock.name + ".json")


@contextmanager
def turn(
    lock: Path,
    progress: Progress,
    *,
    is_done: Callable[[], bool],
    movement: Callable[[], object],
    patience: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Wait for our turn, if somebody else has it.

    Args:
        is_done: whether the other's work already gave what we are here for.
        movement: anything that changes while the holder gets on.
        patience: seconds without movement after which we go on without the lock.
    """
    with ExitStack() as held:
        release, before, quiet, is_told = _try_lock(lock), movement(), 0.0, False
        while release is None and quiet < patience and not is_done():
            sleep(POLL)
            release = _try_lock(lock)
            if release is None and not is_told:  # by now the holder has signed
                progress.wait(holder(lock))
                is_told = True
            now = movement()
            quiet = quiet + POLL if now == before else 0.0
            before = now
        if release is not None:
            held.callback(release)
            _sign(lock)
            held.callback(_unsign, lock)
        yield


def turn_of(step: Step[J], job: J, progress: Progress) -> AbstractContextManager[None]:
    """Let another doit that does this very step in this workspace finish it first: then there is
    nothing left to do."""
    if not step.takes_turns:
        return nullcontext()
    work = step.work()
    return turn(
        job.workspace.turn(step.title, job.name),
        progress,
        is_done=lambda: work.why_stale(job) is None,
        movement=lambda: None,
        patience=step.patience(job.config.settings),
    )


def _try_lock(lock: Path) -> Callable[[], object] | None:
    """What releases the lock, or None if another holds it. Without working locks all hold it."""
    from filelock import Timeout

    held = file_lock(lock)
    try:
        make_folders(lock.parent)
        held.acquire()
    except Timeout:
        return None
    except (OSError, NotImplementedError):
        return lambda: None
    return held.release


def _sign(lock: Path) -> None:
    """Leave word who holds the lock. Only shown, never judged by: a torn one does no harm."""
    me = Holder(host=socket.gethostname(), pid=os.getpid(), since=time.time())
    _unsign(lock)
    with suppress(OSError), open(create(holder_path(lock)), "wb") as file:
        file.write(msgspec.json.encode(me))


def _unsign(lock: Path) -> None:
    with suppress(OSError):
        holder_path(lock).unlink()


def holder(lock: Path) -> str:
    """Who holds the lock and since when, in words."""
    found = read_small(holder_path(lock), Holder)
    if found is None:
        return "another doit"
    try:
        since = time.strftime("%H:%M:%S", time.localtime(found.since))
    except (OSError, ValueError, OverflowError):
        return "another doit"
    return f"process {found.pid} on {found.host}, at it since {since}"
