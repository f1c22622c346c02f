"""What a project's records were made of, and whether that still stands: the receipt of the step
`records`, which says what each record holds, and size, time of change and digest of each file as it
was last read.

A file of the same size and time is taken to have the same digest; any other is read. That holds on
one machine only, so it is not part of the receipt.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import inf
from pathlib import Path

import msgspec
from msgspec import Struct, field

from tasks.annotations.folder import listing
from tasks.annotations.label_map import LabelMap
from tasks.core import receipts
from tasks.core.files import (
    LARGEST_STATE,
    is_file,
    read_file,
    sha256_of,
    size_and_mtime,
    write_if_changed,
)
from tasks.core.receipts import Receipt
from tasks.core.text import printable
from tasks.pipeline.job import ProjectJob

VERSION = 2  # of the step `records`


class RecordFile(Struct, frozen=True):
    """One record file, `train` or `test`.

    Attributes:
        asked: digest of what it was to be made of besides the files: labels, ids, our version.
        sources: name → sha256 of each picture and each XML that it was made of.
        pictures, boxes, background: how many; background are pictures without a box.
    """

    asked: str = ""
    sources: dict[str, str] = field(default_factory=dict)
    pictures: int = 0
    boxes: int = 0
    background: int = 0


class RecordsReceipt(Receipt, frozen=True, kw_only=True):
    """A project's annotated pictures are records.

    Attributes:
        splits: `train` and `test`, as far as there are annotated pictures.
    """

    splits: dict[str, RecordFile] = field(default_factory=dict)


def why_record_stale(job: ProjectJob, split: str, labels: LabelMap) -> str | None:
    """Why one record must be made again, whatever became of the other; None if it need not be."""
    receipt = receipts.read(job.workspace.receipt("records", job.name), RecordsReceipt)
    made = receipt.splits.get(split, RecordFile()) if receipt else RecordFile()
    if receipt is None or not made.asked:
        return "it was not finished" if receipt else "never done"
    if made.asked != asked(labels):
        return "the label map changed"
    try:
        seen = recall(job.workspace.seen(job.name))
        if {name: one.sha256 for name, one in seen.sources.get(split, {}).items()} != made.sources:
            return "its pictures changed"
        return what_changed(job, split, receipt, seen)
    except OSError as error:
        return (error.strerror or "can't be read").lower()


def asked(labels: LabelMap) -> str:
    """Digest of what a record is made of besides the files."""
    return receipts.digest([VERSION, labels.ids])


def what_changed(job: ProjectJob, split: str, receipt: RecordsReceipt, seen: Memory) -> str | None:
    """What is not as it was when the record was made; None if nothing changed.

    Raises:
        OSError: a file can't be looked at.
    """
    folder, path = job.workspace.images(job.name, split), job.workspace.record_file(job.name, split)
    if not is_as_noted(listing(folder).files, seen.sources.get(split, {})):
        return f"{shown_path(job, folder)} changed"
    if split not in receipt.splits:
        return None
    if not os.path.lexists(path):
        return f"{shown_path(job, path)} is missing"
    noted = seen.records.get(split)
    if noted is None or not is_as_noted({path.name: path}, {path.name: noted}):
        return f"{shown_path(job, path)} changed"
    return None


class Noted(Struct, frozen=True, array_like=True):
    """A file as it was last read: bytes, time of change in nanoseconds, digest."""

    size: int
    mtime: int
    sha256: str


class Memory(Struct, frozen=True):
    """The state of all files when the step last ended.

    Attributes:
        sources: `train` or `test` → name of a file, as shown (a name can be such that no JSON
            holds it) and as seen from the folder of pictures → what stood there.
        records: `train` or `test` → the record file.
    """

    sources: dict[str, dict[str, Noted]] = {}
    records: dict[str, Noted] = {}


def recall(path: Path) -> Memory:
    """What was noted at `path`; nothing if it can't be read."""
    try:
        return msgspec.json.decode(read_file(path, LARGEST_STATE), type=Memory)
    except (OSError, msgspec.DecodeError, ValueError):
        return Memory()


def keep(path: Path, memory: Memory) -> None:
    """Note it.

    Raises:
        OSError: the folder can't be written.
    """
    write_if_changed(path, msgspec.json.encode(memory, order="deterministic"))


def is_as_noted(files: Mapping[str, Path], noted: Mapping[str, Noted]) -> bool:
    """Whether these files, and no others, are as they were seen; a stat each.

    Raises:
        OSError: one can't be looked at.
    """
    here = {name: size_and_mtime(path) for name, path in files.items()}
    return here == {name: (note.size, note.mtime) for name, note in noted.items()}


def note(path: Path, before: Noted | None = None, most: float = inf) -> Noted:
    """The file's state; it is read only if it is not as it was `before`, and if it is a file of
    `most` bytes at most. Others have no digest.

    Raises:
        OSError: it can't be read.
    """
    size, mtime = size_and_mtime(path)
    if before is not None and (before.size, before.mtime) == (size, mtime):
        return before
    return Noted(size, mtime, sha256_of(path) if is_file(path) and size <= most else "")


def shown_path(job: ProjectJob, path: Path) -> str:
    """A path below the workspace, as messages have it."""
    return printable(path.relative_to(job.workspace.root))
