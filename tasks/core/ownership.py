"""Which files are ours: those that a receipt lists as outputs, for as long as nobody changes them.

Whoever writes such a file announces it first: a receipt without a definition lists what stands
there and what is about to, so that after a crash it is still known whose the file is. Results are
always written, and a file of the user's that stands there is backed up. Files of a project are
written only in place of nothing or of ours; what is the user's stays as it is.

A receipt can be damaged or forged, so a path of one is looked at (`is_below`, `path_state`) before
anything is done there. What can't be looked at, renamed or written raises OSError.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO, Literal

from msgspec import Struct
from msgspec.structs import replace

from tasks.core import receipts
from tasks.core.files import atomic_writer, sha256_of, sha256_or_nothing, write_if_changed
from tasks.core.receipts import Output, Receipt
from tasks.core.text import printable

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
    """See what stands at `path`, below `root`."""
    link, via_link = is_link(path), is_via_link(root, path)
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if not link and not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise
        return PathState("other" if link else "nothing", "", link, via_link)
    if stat.S_ISREG(mode):
        return PathState("file", sha256_or_nothing(path), link, via_link)
    return PathState("folder" if stat.S_ISDIR(mode) else "other", "", link, via_link)


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


def why_stale(
    receipt: Receipt | None,
    definition: str,
    inputs: Mapping[str, str] | None = None,
    *,
    asked: str = "its configuration",
    read: str = "",
) -> str | None:
    """Why the work that a receipt stands for must be done again, in a few words.

    Args:
        definition, inputs: as they are now; without `inputs`, those of the receipt are not asked.
        asked: what the definition stands for, to be told if it changed.
        read: the same for the inputs; the first that changed is named if this is "".
    """
    if receipt is None:
        return "never done"
    if not receipt.definition:
        return "it was not finished"
    if receipt.definition != definition:
        return f"{asked} changed"
    if inputs is None or receipt.inputs == inputs:
        return None
    differ = (key for key in inputs if inputs[key] != receipt.inputs.get(key))
    return f"{read or printable(next(differ, 'what it is made from'))} changed"


def why_outputs_stale(root: Path, receipt: Receipt, paths: Iterable[Path]) -> str | None:
    """The first of these files that is missing, or is not as the receipt says, in a few words."""
    for path in paths:
        key = _key(root, path)
        try:
            if sha256_of(path) != receipt.output(key).sha256:
                return f"{printable(key)} was changed"
        except FileNotFoundError:
            return f"{printable(key)} is missing"
        except OSError:
            return f"{printable(key)} can't be read"
    return None


def write_results(
    root: Path, place: Path, unfinished: Receipt, files: Mapping[Path, bytes]
) -> tuple[dict[str, Output], tuple[str, ...]]:
    """Write files of the build's, each whole or not at all; a file of the user's is backed up.

    Args:
        place: of the step's receipt.
        unfinished: what stands there until the step writes the one that ends it.

    Returns:
        The outputs for the final receipt; what the user must know, one sentence each.
    """
    before = receipts.read(place, Receipt) or Receipt(definition="")
    intended = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    moved = [
        back_up(path, before.output(_key(root, path)).written | {sha256})
        for path, sha256 in intended.items()
    ]
    keys = {path: _key(root, path) for path in files}
    others = {key: one for key, one in before.outputs.items() if key not in keys.values()}
    announced = {keys[path]: Output(sha256_or_nothing(path), intended[path]) for path in files}
    receipts.write(place, replace(unfinished, definition="", outputs={**others, **announced}))
    for path, content in files.items():
        write_if_changed(path, content)
    written = {keys[path]: Output(sha256) for path, sha256 in intended.items()}
    return {**others, **written}, tuple(filter(None, moved))


def back_up(path: Path, ours: Collection[str]) -> str | None:
    """Rename what stands at `path`, unless it is a file that we wrote (`ours`: the sha256s).

    What is left at `path` is then nothing, or ours. A folder stays in the way: whoever made it
    hardly meant it to be replaced, and writing tells of it.

    Returns:
        A sentence for the user if something was renamed.
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


def write_unless(path: Path, write: Callable[[IO[bytes]], bool]) -> bool:
    """Write a file, whole or not at all, unless `write` says no; say whether it was written.

    `write` writes the content, and last looks whether the file may stand at `path`: as late as can
    be, when the content waits beside it.
    """
    with suppress(_AbandonedError), atomic_writer(path) as file:
        if not write(file):
            raise _AbandonedError
        return True
    return False


class _AbandonedError(Exception):
    """Leaves `atomic_writer` without writing; never leaves this module."""


def _key(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
