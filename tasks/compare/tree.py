"""The project's folders and its networks', as a tree; files are counted, not named."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tasks.compare.words import count
from tasks.core.inspect import shown

DEPTH = 4
MOST = 40
"""Folders of one folder that are named."""


def tree(root: Path, project: str, networks: Iterable[str]) -> tuple[str, ...]:
    """Both below the workspace's root; links are not followed, what is hidden is not told."""
    lines = [*_folder(root / project, project)]
    here = [name for name in networks if (root / "pre-trained" / name).is_dir()]
    if here:
        lines.append("pre-trained/")
        for number, name in enumerate(here):
            last = number == len(here) - 1
            lines += _branch(root / "pre-trained" / name, name, last, "", 1)
    return tuple(lines)


def _folder(path: Path, name: str) -> list[str]:
    if not path.is_dir():
        return [f"{shown(name)}/  is not there"]
    return [f"{shown(name)}/{_files(path)}", *_below(path, "", 0)]


def _below(path: Path, indent: str, depth: int) -> list[str]:
    if depth >= DEPTH:
        return []
    folders = _sorted_out(path)[0]
    lines = list[str]()
    for number, name in enumerate(folders[:MOST]):
        last = number == len(folders) - 1
        lines += _branch(path / name, name, last, indent, depth + 1)
    if len(folders) > MOST:
        lines.append(f"{indent}└── and {count(len(folders) - MOST, 'more folder')}")
    return lines


def _branch(path: Path, name: str, last: bool, indent: str, depth: int) -> list[str]:
    fork, further = ("└── ", "    ") if last else ("├── ", "│   ")
    return [f"{indent}{fork}{shown(name)}/{_files(path)}", *_below(path, indent + further, depth)]


def _files(path: Path) -> str:
    number = _sorted_out(path)[1]
    return f"  {count(number, 'file')}" if number else ""


def _sorted_out(path: Path) -> tuple[list[str], int]:
    """The names of the folders in a folder, and how many files it holds."""
    folders, files = list[str](), 0
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                else:
                    files += 1
    except OSError:
        return [], 0
    return sorted(folders), files
