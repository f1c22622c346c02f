"""What stands at a path, and whether a path that a receipt names may be touched at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from msgspec import Struct

from tasks.core.files import sha256_or_nothing

# On Windows `C:x` and `a\b` are paths of their own; elsewhere they are plain names.
FORBIDDEN = "\0\\:" if os.name == "nt" else "\0"


class PathState(Struct, frozen=True):
    """What stands at a path.

    Attributes:
        kind: what it is, links followed; a link to nothing, a pipe or a device is `other`.
        sha256: of a file's content; "" if it can't be read.
        link: the path itself is a link.
        via_link: a folder above it, inside the workspace, is a link.
    """

    kind: Literal["nothing", "folder", "file", "other"]
    sha256: str = ""
    link: bool = False
    via_link: bool = False

    def is_ours(self, written: Iterable[str]) -> bool:
        """Whether it is a plain file whose content is one of those that we wrote (sha256)."""
        return (
            self.kind == "file" and not self.link and bool(self.sha256) and self.sha256 in written
        )


def path_state(root: Path, path: Path) -> PathState:
    """See what stands at `path`, below `root`.

    Raises:
        OSError: a folder above it can't be searched.
    """
    via_link = is_via_link(root, path)
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return PathState("nothing", via_link=via_link)
    link = stat.S_ISLNK(status.st_mode)
    if link:
        try:
            status = os.stat(path)
        except OSError:
            return PathState("other", link=True, via_link=via_link)
    if stat.S_ISDIR(status.st_mode):
        return PathState("folder", link=link, via_link=via_link)
    if not stat.S_ISREG(status.st_mode):
        return PathState("other", link=link, via_link=via_link)
    return PathState("file", sha256_or_nothing(path), link, via_link)


def is_via_link(root: Path, path: Path) -> bool:
    """Whether a folder between `root` and `path` is a link: then nothing is deleted there."""
    return any(is_link(folder) for folder in path.parents if root in folder.parents)


def is_link(path: Path) -> bool:
    """Whether `path` itself is a link; false where nothing can be seen."""
    try:
        return stat.S_ISLNK(os.lstat(path).st_mode)
    except OSError:
        return False


def is_below(folder: str, path: str) -> bool:
    """Whether the relative `path` of a receipt truly lies below `folder`.

    A receipt can be damaged or forged: absolute paths, `..` and the like are not below anything.
    """
    parts = path.split("/")
    plain = all(part not in ("", ".", "..") and not set(part) & set(FORBIDDEN) for part in parts)
    return plain and path.startswith(folder + "/")
