"""Which pictures are meant by the words of the command line."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.core.errors import UsageError

COMMAND = "detect"
ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".gif"}
"""Of the files that are taken from a folder; a file that is named itself is tried in any case."""


def pictures_of(words: Iterable[str]) -> list[Path]:
    """The files that are named, those in the folders that are named, and those that match the
    patterns: each once, in order.

    Raises:
        UsageError: a word names nothing, or there is no picture.
    """
    found = [path for word in words for path in _of(word)]
    if not found:
        raise UsageError(COMMAND, "no pictures are named", "`doit detect --network N FOLDER`")
    return list(dict.fromkeys(found))


def _of(word: str) -> Iterator[Path]:
    path = Path(os.path.expanduser(word))  # noqa: PTH111  Path's raises if nobody has that name
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())
        if not inside:
            raise UsageError(COMMAND, f"{path} holds no pictures", "name another folder")
        yield from inside
    elif path.is_file():
        yield path
    else:
        matching = sorted(Path(p) for p in glob.glob(str(path), recursive=True))  # noqa: PTH207  of any folder
        files = [p for p in matching if p.is_file()]
        if not files:
            nothing = "no file matches" if glob.has_magic(word) else "there is no file or folder"
            raise UsageError(COMMAND, f"{nothing} {path}", "name another one")
        yield from files
