"""The files of config/: which they are, their bytes, and their tables as one `Config`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tasks.config.types import Config
from tasks.core import files
from tasks.core.paths import Workspace

if TYPE_CHECKING:
    from tasks.config.checks import Source

CATALOGUE = "config/zoo.toml"
WORKSPACE = "config/workspace.toml"
EXPORTS = "exports"
SET_ASIDE = re.compile(r"\.yours(-\d+)?\.toml")
LIMIT = 16 << 20  # bytes of a file; ours has 50 kB

# What the decoders raise for bytes that are not what they should be.
NOT_READABLE = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)


def typed(sources: Sequence[Source]) -> Config:
    """The tables of all files as one `Config`.

    Raises:
        One of NOT_READABLE: they are not what the types say. It tells of the first fault only.
    """
    joined: dict[str, dict[str, object]] = {"networks": {}, "projects": {}}
    for source in sources:
        for key, entries in source.data.items():
            known = source.is_workspace or key not in ("projects", "settings")
            if not known or not isinstance(entries, dict):
                raise msgspec.ValidationError(f"`{key}` of {source.file} can't be used")
            joined.setdefault(key, {}).update(entries)
    for kind in ("networks", "projects"):
        for name, entry in joined[kind].items():
            if not isinstance(entry, dict) or "name" in entry:
                raise msgspec.ValidationError(f"`{name}` of {kind} can't be used")
            joined[kind][name] = {**entry, "name": name}
    return msgspec.convert(joined, Config)


def exported(workspace: Workspace) -> list[str]:
    """The catalogue files that `doit export` wrote or `doit adopt` took, relative to the workspace.
    One that a newer took the place of (`x.yours.toml`, see `core.ownership`) is none any more."""
    try:
        names = os.listdir(workspace.root / EXPORTS)
    except OSError:
        return []
    tables = (name for name in names if name.endswith(".toml") and not SET_ASIDE.search(name))
    return sorted(f"{EXPORTS}/{name}" for name in tables)


def read_file(path: Path) -> bytes:
    """The bytes of an ordinary file of at most `LIMIT`; else OSError, as `core.files` has it."""
    return files.read_file(path, LIMIT)
