"""Files of the user's that stand where the build is about to write: renamed, never overwritten."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from itertools import count
from pathlib import Path

from tasks.core.path_state import path_state
from tasks.core.text import printable


def back_up(path: Path, ours: Collection[str]) -> str | None:
    """Rename what stands at `path`, unless it is a file that we wrote (`ours`: the sha256s).

    What is left at `path` is then nothing, or ours. A folder stays in the way: whoever made it
    hardly meant it to be replaced, and writing tells of it.

    Returns:
        A sentence for the user if something was renamed.

    Raises:
        OSError: it can't be looked at or renamed.
    """
    here = path_state(path.parent, path)
    if here.kind == "nothing" or here.is_ours(ours) or (here.kind == "folder" and not here.link):
        return None
    backup = next(place for place in _names(path) if not os.path.lexists(place))
    path.rename(backup)
    return f"{printable(path)} was not as the build made it: yours is now {printable(backup.name)}"


def _names(path: Path) -> Iterator[Path]:
    """`index.yours.html`, `index.yours-2.html` and so on."""
    yield path.with_name(f"{path.stem}.yours{path.suffix}")
    yield from (path.with_name(f"{path.stem}.yours-{n}{path.suffix}") for n in count(2))
