"""Folders in which something is made before it gets its name, so that it appears whole.

Such a folder lies beside what it will become, so that a rename publishes it, and has a name of its
own for each process. A lock on a file in it tells the living from the dead: it ends with its
process, however that ends. Where the lock proves nothing (see `core.temporary`), the time of the
latest change in the folder does. A mistake costs a clean-up, never a file: what is published is
compared first.

What was made may be completed for a later process: under the name of the place itself, with a note
that says what it is. Whoever uses it moves it into a folder of his own first: only one can do so.

What makes or renames a folder raises OSError where that can't be done.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import Timeout

from tasks.core.files import is_file, make_folders
from tasks.core.temporary import STILL_FRESH, Ground, file_lock, ground_of, may_believe_lock, token

NOTE = "note.json"


@contextmanager
def made_aside(place: Path) -> Generator[Path, None, None]:
    """An empty folder that vanishes with the block; its name begins like `place`."""
    make_folders(place.parent)
    with ExitStack() as held:
        folder = None
        while folder is None:
            made = place.with_name(f"{place.name}-{token()}")
            made.mkdir(0o700)
            folder = made if _hold(made, held) else None
        try:
            yield folder
        finally:
            held.close()
            shutil.rmtree(folder, ignore_errors=True)


def complete(made: Path, note: bytes, place: Path) -> None:
    """Leave what was made, a folder in one's own, for whoever comes next."""
    (made / NOTE).write_bytes(note)
    made.rename(place)


def is_complete(place: Path) -> bool:
    """Whether a completed folder lies there; one without a note is none of ours."""
    return is_file(place / NOTE) and not place.is_symlink()


def discard_complete(place: Path) -> None:
    """Remove the completed folder, if there is one."""
    if is_complete(place):
        with suppress(OSError), made_aside(place) as own:
            place.rename(own / "discarded")


def remove_strays(place: Path) -> None:
    """Remove the folders of `place` that no living process holds, each while we hold it: whoever
    made it just now finds it held, or gone, and makes another."""
    for folder, ground in _found(place):
        with _holding_if_dead(folder, ground) as is_dead:
            if is_dead:
                shutil.rmtree(folder, ignore_errors=True)
        if is_dead and os.name == "nt":  # where a file that is open stays
            shutil.rmtree(folder, ignore_errors=True)


def strays(place: Path) -> list[Path]:
    """The folders of `place` that no living process holds, and the completed one."""
    found = [place] if is_complete(place) else []
    for folder, ground in _found(place):
        with _holding_if_dead(folder, ground) as is_dead:
            found += [folder] if is_dead else []
    return found


def _found(place: Path) -> Iterator[tuple[Path, Ground]]:
    pattern = re.compile(re.escape(place.name) + "-[a-z0-9_-]+")
    try:
        names = sorted(filter(pattern.fullmatch, os.listdir(place.parent)))
    except FileNotFoundError:
        return
    ground = ground_of(place.parent) if names else None
    if ground is not None:
        yield from ((place.with_name(name), ground) for name in names)


def _hold(folder: Path, held: ExitStack) -> bool:
    """Lock a new folder; false if another process, which came between its making and its locking,
    took it for a dead one's: that removes it."""
    lock = file_lock(folder / "lock")
    try:
        lock.acquire()
    except Timeout:
        return False
    except (OSError, NotImplementedError):  # no locks on this file system
        return folder.is_dir()
    held.callback(lock.release)
    return (folder / "lock").exists()  # else it was removed before we locked it


@contextmanager
def _holding_if_dead(folder: Path, ground: Ground) -> Generator[bool, None, None]:
    """Whether no living process holds a folder. Its lock, where one can be believed, is ours for as
    long as the block lasts."""
    if not may_believe_lock(folder, ground):
        yield _is_old(folder, ground)
        return
    with ExitStack() as held:
        is_dead = False
        with suppress(Timeout, OSError, NotImplementedError):
            held.enter_context(file_lock(folder / "lock"))
            is_dead = True
        yield is_dead


def _is_old(folder: Path, ground: Ground) -> bool:
    """Whether nothing in the folder changed for so long that no process can be at it."""
    inside = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    try:
        latest = max(os.lstat(path).st_ctime for path in (folder, *inside))
    except OSError:  # it is just being written or removed
        return False
    return ground.now - latest > STILL_FRESH
