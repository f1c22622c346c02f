"""Files of the user's that stand where the build is about to write: renamed, never overwritten."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from itertools import count
from pathlib import Path

from tasks.core.files import sha256_or_nothing, write_atomic
from tasks.core.inspect import look, shown


def put(
    path: Path, content: bytes, known: Collection[str], announce: Callable[[str, str], object]
) -> tuple[str, tuple[str, ...]]:
    """Write a file of the build's, whole or not at all; one of the user's makes way.

    Args:
        known: the sha256s of what we wrote there, or were about to; "" stands for nothing.
        announce: is called before anything is written, with the sha256 of what stands there, "" if
            nothing does, and of what is about to: a receipt that is written then tells after a
            kill whose the file is.

    Returns:
        The sha256 of what was written; what the user must know, one sentence each.

    Raises:
        OSError: it can't be looked at, renamed or written.
    """
    intended = hashlib.sha256(content).hexdigest()
    moved = make_way(path, {*known, intended} - {""})
    announce(sha256_or_nothing(path), intended)
    write_atomic(path, content)
    return intended, (moved,) if moved else ()


def make_way(path: Path, ours: Collection[str]) -> str | None:
    """Rename what stands at `path`, unless it is a file that we wrote (`ours`: the sha256s).

    What is left at `path` is then nothing, or ours. A folder stays in the way: whoever made it
    hardly meant it to be replaced, and writing tells of it.

    Returns:
        A sentence for the user if something was renamed.

    Raises:
        OSError: it can't be looked at or renamed.
    """
    here = look(path.parent, path)
    if here.kind == "nothing" or here.is_ours(ours) or (here.kind == "folder" and not here.link):
        return None
    aside = next(place for place in _names(path) if not os.path.lexists(place))
    path.rename(aside)
    return f"{shown(path)} was not as the build made it: yours is now {shown(aside.name)}"


def _names(path: Path) -> Iterator[Path]:
    """`index.yours.html`, `index.yours-2.html` and so on."""
    yield path.with_name(f"{path.stem}.yours{path.suffix}")
    yield from (path.with_name(f"{path.stem}.yours-{n}{path.suffix}") for n in count(2))
