"""Whether what a project's records were made of still stands: the state of each file when it was
last read, beside the receipt, which says what each record holds.

A file of the same size and time of change is taken to have the same digest; any other is read. That
holds on one machine only, so it is not part of the receipt.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import inf
from pathlib import Path

import msgspec
from msgspec import Struct

from tasks.annotations.folder import Listing
from tasks.annotations.label_map import LabelMap
from tasks.annotations.record_receipt import RecordFile, RecordsReceipt
from tasks.annotations.sharing import folder_of, listing_if_shared
from tasks.core import receipts
from tasks.core.files import LARGEST_STATE, is_file, read_file, sha256_of, size_and_mtime
from tasks.core.text import printable
from tasks.pipeline.job import ProjectJob

VERSION = 2  # of the step `records`


class FileState(Struct, frozen=True, array_like=True):
    """A file when it was last read: bytes, time of change in nanoseconds, digest."""

    size: int
    mtime: int
    sha256: str


class FileStates(Struct, frozen=True):
    """The state of all files when the step last ended.

    Attributes:
        sources: `train` or `test` → name, as a `Listing` has it → the picture or XML.
        records: `train` or `test` → the record file.
    """

    sources: dict[str, dict[str, FileState]] = {}
    records: dict[str, FileState] = {}


def read_states(path: Path) -> FileStates:
    """The states that were written to `path`; nothing if it can't be read."""
    try:
        return msgspec.json.decode(read_file(path, LARGEST_STATE), type=FileStates)
    except (OSError, msgspec.DecodeError, ValueError):
        return FileStates()


def file_state(path: Path, before: FileState | None = None, most: float = inf) -> FileState:
    """A file's state now; it is read only if it is not as it was `before`, and if it is a file of
    `most` bytes at most. Others have no digest.

    Raises:
        OSError: it can't be read.
    """
    size, mtime = size_and_mtime(path)
    if before is not None and (before.size, before.mtime) == (size, mtime):
        return before
    return FileState(size, mtime, sha256_of(path) if is_file(path) and size <= most else "")


def record_definition(labels: LabelMap, pictures: Listing) -> str:
    """Digest of what a record is made of besides the files: labels, ids, which pictures look alike,
    our version."""
    groups = {printable(pair.picture.name): pair.group for pair in pictures.pairs if pair.group}
    return receipts.digest([VERSION, labels.ids, *([groups] if groups else [])])


def why_record_stale(job: ProjectJob, split: str, labels: LabelMap) -> str | None:
    """Why one record must be made again, whatever became of the other; None if it need not be."""
    receipt = receipts.read(job.workspace.receipt("records", job.name), RecordsReceipt)
    if receipt is None:
        return "never done"
    record = receipt.splits.get(split, RecordFile())
    if not record.definition:
        return "it was not finished"
    pictures = listing_if_shared(job, split)
    if pictures is None:
        return "its pictures changed"
    if record.definition != record_definition(labels, pictures):
        groups = "" if pictures.folder.name == split else ", or which pictures look alike"
        return f"the label map changed{groups}"
    states = read_states(job.workspace.seen(job.name))
    sources = {name: state.sha256 for name, state in states.sources.get(split, {}).items()}
    if sources != record.sources:
        return "its pictures changed"
    return what_changed(job, split, receipt, states)


def what_changed(
    job: ProjectJob, split: str, receipt: RecordsReceipt, states: FileStates
) -> str | None:
    """What is not as it was when the record was made; None if nothing changed."""
    path = job.workspace.record_file(job.name, split)
    try:
        pictures = listing_if_shared(job, split)
        before = states.sources.get(split, {})
        if pictures is None or not _are_unchanged(pictures.files, before):
            folder = folder_of(job.workspace, job.name, split)
            return f"{shown_path(job, folder)} changed"
        if split not in receipt.splits:
            return None
        if not os.path.lexists(path):
            return f"{shown_path(job, path)} is missing"
        recorded = {"": states.records[split]} if split in states.records else {}
        is_unchanged = _are_unchanged({"": path}, recorded)
    except OSError as error:
        return (error.strerror or "can't be read").lower()
    return None if is_unchanged else f"{shown_path(job, path)} changed"


def _are_unchanged(files: Mapping[str, Path], states: Mapping[str, FileState]) -> bool:
    """Whether these files, and no others, are in these states; a stat each."""
    here = {name: size_and_mtime(path) for name, path in files.items()}
    return here == {name: (state.size, state.mtime) for name, state in states.items()}


def shown_path(job: ProjectJob, path: Path) -> str:
    """A path below the workspace, as messages have it."""
    return printable(path.relative_to(job.workspace.root))
