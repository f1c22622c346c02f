"""Which files are ours: those that a receipt lists as outputs, for as long as nobody changes them.

Whoever writes such a file announces it first: a receipt without a definition lists what stands
there and what is about to, so that after a crash it is still known whose the file is. Results are
always written, and a file of the user's that stands there is backed up. Files of a project are
written only in place of nothing or of ours; what is the user's stays as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from msgspec.structs import replace

from tasks.core import receipts
from tasks.core.backup import back_up
from tasks.core.files import atomic_writer, sha256_of, sha256_or_nothing, write_if_changed
from tasks.core.receipts import Output, Receipt
from tasks.core.text import printable


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

    Raises:
        OSError: something can't be looked at, renamed or written.
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


def write_unless(path: Path, write: Callable[[IO[bytes]], bool]) -> bool:
    """Write a file, whole or not at all, unless `write` says no; say whether it was written.

    `write` writes the content, and last looks whether the file may stand at `path`: as late as can
    be, when the content waits beside it.

    Raises:
        OSError: it can't be written.
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
