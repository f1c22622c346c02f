"""The workspace's folders as a tree, for the terminal and for the page that compares networks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from tasks.core.text import printable
from tasks.pages.units import count

DEPTH = 4
MOST = 40
"""Folders of one folder that are named."""


class Entry(Struct, frozen=True):
    """A line of the tree: a folder, a file, or `and 10 more folders`; `note` counts its files."""

    name: str
    note: str = ""
    entries: tuple[Entry, ...] = ()
    is_folder: bool = False

    def lines(self, start: str = "", indent: str = "") -> Iterator[str]:
        """It and all that is in it; `start` stands before its name, `indent` before the others."""
        note = f"  {self.note}" if self.note else ""
        yield f"{start}{self.name}{'/' if self.is_folder else ''}{note}"
        for entry in self.entries:
            last = entry is self.entries[-1]
            fork, further = ("└── ", "    ") if last else ("├── ", "│   ")
            yield from entry.lines(indent + fork, indent + further)


def workspace_folders(
    root: Path, projects: Iterable[str], networks: Iterable[str], *, named: int = 0
) -> list[Entry]:
    """The projects' folders, and pre-trained/ with those networks that are there. Links are not
    followed, hidden files not shown. Files are counted; up to `named` in a folder are named."""
    found = [_folder(root / name, DEPTH, named) for name in projects]
    here = [path for name in networks if (path := root / "pre-trained" / name).is_dir()]
    if here:
        entries = tuple(_folder(path, DEPTH - 1, named) for path in here)
        found.append(Entry("pre-trained", entries=entries, is_folder=True))
    return found


def _folder(path: Path, depth: int, named: int) -> Entry:
    if not path.is_dir():
        return Entry(printable(path.name), "is not there", is_folder=True)
    folders, files = _content(path)
    entries = list[Entry]()
    if depth:
        entries += [_folder(path / name, depth - 1, named) for name in folders[:MOST]]
        if len(folders) > MOST:
            entries.append(Entry(f"and {count(len(folders) - MOST, 'more folder')}"))
    note = count(len(files), "file") if len(files) > named else ""
    if not note:
        entries += [Entry(printable(name)) for name in sorted(files)]
    return Entry(printable(path.name), note, tuple(entries), is_folder=True)


def _content(path: Path) -> tuple[list[str], list[str]]:
    """The names of the folders and of the files in a folder; none if it can't be read."""
    folders, files = list[str](), list[str]()
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if not entry.name.startswith("."):
                    kind = folders if entry.is_dir(follow_symlinks=False) else files
                    kind.append(entry.name)
    except OSError:
        return [], []
    return sorted(folders), files
