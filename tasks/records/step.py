"""Make a project's records: `images/train` becomes `training/train.record`, `test` likewise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from tasks.annotations import record_state
from tasks.annotations.folder import LARGEST, Listing, listing
from tasks.annotations.label_map import LabelMap, label_ids, label_map_path, labels_of
from tasks.annotations.other_formats import common_faults
from tasks.annotations.record_state import (
    Memory,
    Noted,
    RecordFile,
    RecordsReceipt,
    shown_path,
)
from tasks.core import ownership, receipts
from tasks.core.errors import AnnotationsError, UserFilesError, disk_error
from tasks.core.files import remove_leftovers, size_and_mtime
from tasks.core.lists import first_of
from tasks.core.path_state import path_state
from tasks.core.paths import SPLITS
from tasks.core.receipts import NOTHING, Output
from tasks.pipeline.job import Outcome, Progress, ProjectJob
from tasks.records.words import MOST_TOLD, all_faults, contents, oddities, told, what_to_add

if TYPE_CHECKING:
    from tasks.records.make import Tally


def why_stale(job: ProjectJob) -> str | None:
    """Why the records must be made again, in a few words; None if they are as they should be."""
    receipt = receipts.read(job.workspace.receipt("records", job.name), RecordsReceipt)
    why = ownership.why_stale(receipt, definition(job), _inputs(job), read="the label map")
    if why or receipt is None:
        return why
    if not receipt.splits:
        return "there were no annotated pictures"
    try:
        seen = record_state.recall(job.workspace.seen(job.name))
        changes = (record_state.what_changed(job, split, receipt, seen) for split in SPLITS)
        return next(filter(None, changes), None)
    except OSError as error:
        return (error.strerror or "can't be read").lower()


def run(job: ProjectJob, progress: Progress) -> Outcome:
    """Make the records that are stale; leave what is the user's and say so.

    A project without annotated pictures is no error: the outcome says what to add.

    Raises:
        AnnotationsError: pictures, XML or the label map are not as training needs them.
        UserFilesError: something that is no file stands where a record goes.
        DiskError: something can't be read or written.
    """
    if why_stale(job) is None:
        return Outcome("kept")
    try:
        return _run(job, progress)
    except OSError as error:
        raise disk_error(job.name, error) from error


def definition(job: ProjectJob) -> str:
    """Digest of what the configuration says about this project's records."""
    return receipts.digest([record_state.VERSION, label_ids(job.project), job.project.label_map])


def _inputs(job: ProjectJob) -> dict[str, str]:
    path = label_map_path(job)
    return receipts.inputs(path) if os.path.lexists(path) else {}


def _path(job: ProjectJob, split: str) -> Path:
    return job.workspace.record_file(job.name, split)


def _output(job: ProjectJob, split: str) -> str:
    """The record's path as the receipt has it."""
    return _path(job, split).relative_to(job.workspace.root).as_posix()


class _Work(Struct):
    """A run: what it goes by, and what has come of it so far."""

    job: ProjectJob
    progress: Progress
    labels: LabelMap
    before: dict[str, RecordFile]
    outputs: dict[str, Output]
    seen: Memory
    asked: str
    files: dict[str, RecordFile] = field(default_factory=dict)
    sources: dict[str, dict[str, Noted]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)

    def write_receipt(self, *, done: bool) -> None:
        """Not `done`: the receipt tells whose the files are, and is stale."""
        receipt = RecordsReceipt(
            definition=definition(self.job) if done else "",
            inputs=_inputs(self.job) if done else {},
            splits={**({} if done else self.before), **self.files},
            outputs={key: one for key, one in self.outputs.items() if one != NOTHING},
        )
        receipts.write(self.job.workspace.receipt("records", self.job.name), receipt)


def _run(job: ProjectJob, progress: Progress) -> Outcome:
    labels = _labels(job)
    place = job.workspace.receipt("records", job.name)
    before = receipts.read(place, RecordsReceipt) or RecordsReceipt(definition="")
    work = _Work(
        job,
        progress,
        labels,
        before={split: made for split, made in before.splits.items() if split in SPLITS},
        outputs={key: before.output(key) for key in (_output(job, split) for split in SPLITS)},
        seen=record_state.recall(job.workspace.seen(job.name)),
        asked=record_state.asked(labels),
    )
    for split in SPLITS:
        _make(work, split)
    records = {s: record_state.note(_path(job, s)) for s in work.files if _path(job, s).is_file()}
    record_state.keep(job.workspace.seen(job.name), Memory(work.sources, records))
    work.write_receipt(done=not work.faults)
    if work.faults:
        told = all_faults(work.faults, job.workspace.whole_list("records", job.name))
        raise AnnotationsError(job.name, told, f"see `doit doctor:{job.name}`")
    return _outcome(work)


def _labels(job: ProjectJob) -> LabelMap:
    try:
        return labels_of(job)
    except ValueError as error:
        why = f"{shown_path(job, label_map_path(job))}: {error}"
        todo = "mend it, or remove it and run `doit scaffold:" + job.name + "`"
        raise AnnotationsError(job.name, why, todo) from error


def _make(work: _Work, split: str) -> None:
    """Bring one record up to date."""
    job, path = work.job, _path(work.job, split)
    found = listing(job.workspace.images(job.name, split))
    noted = work.seen.sources.get(split, {})
    work.sources[split] = {
        name: record_state.note(path, noted.get(name), LARGEST)
        for name, path in found.files.items()
    }
    before, output = work.before.get(split, RecordFile()), work.outputs[_output(job, split)]
    remove_leftovers(path)
    faults = common_faults(found)
    if not faults and not any(pair.annotations for pair in found.pairs):
        _nothing_to_make(work, split, found)
        return
    work.remarks += oddities(shown_path(job, job.workspace.images(job.name, split)), found)
    sources = {name: note.sha256 for name, note in work.sources[split].items()}
    here = path_state(job.workspace.root, path)
    if here.kind in ("folder", "other"):
        raise UserFilesError(job.name, f"{shown_path(job, path)} is no file", "move it away")
    if here.kind == "file" and before.asked == work.asked and before.sources == sources:
        work.files[split], work.outputs[_output(job, split)] = before, Output(output.sha256)
        if output.sha256 in ("", here.sha256):
            return
    _write(work, split, found, RecordFile(work.asked, sources), faults)


def _write(
    work: _Work, split: str, found: Listing, planned: RecordFile, faults: Sequence[str]
) -> None:
    from tasks.records.make import write_record

    path, key, is_ours = _path(work.job, split), _output(work.job, split), False
    before = work.outputs[key]

    def may_replace(sha256: str) -> bool:
        nonlocal is_ours
        here = path_state(work.job.workspace.root, path)
        is_ours = here.kind == "nothing" or here.is_ours(before.written)
        if is_ours:
            work.files[split] = RecordFile()  # no sources: not done
            work.outputs[key] = Output(before.sha256, sha256)
            work.write_receipt(done=False)
        return is_ours

    work.progress.begin(split, sum(size_and_mtime(pair.picture)[0] for pair in found.pairs))
    tally = write_record(path, found.pairs, work.labels.ids, may_replace, work.progress, faults)
    work.progress.end()
    work.files[split], work.outputs[key] = RecordFile(), before
    folder = shown_path(work.job, work.job.workspace.images(work.job.name, split))
    work.remarks += [f"{folder}: {remark}" for remark in tally.remarks]
    work.faults += [f"{folder}: {fault}" for fault in tally.faults]
    if not tally.faults:
        _note(work, split, tally, planned, is_ours)


def _note(work: _Work, split: str, tally: Tally, planned: RecordFile, is_ours: bool) -> None:
    """What stands at the record's place now, and what to tell of it."""
    path = _path(work.job, split)
    work.files[split] = RecordFile(
        asked=planned.asked,
        sources=planned.sources,
        pictures=tally.pictures,
        boxes=tally.boxes,
        background=tally.background,
    )
    work.outputs[_output(work.job, split)] = Output(tally.sha256) if is_ours else NOTHING
    if is_ours:
        folder = shown_path(work.job, work.job.workspace.images(work.job.name, split))
        work.made[split] = contents(path.name, tally)
        work.lines += told(tally, folder)
    elif path_state(work.job.workspace.root, path).sha256 != tally.sha256:
        where = shown_path(work.job, path)
        work.lines.append(f"{where} is yours and stays as it is; remove it to have it made anew")


def _nothing_to_make(work: _Work, split: str, found: Listing) -> None:
    """No picture is annotated; a record that stands there stays, for it may be all there is."""
    job = work.job
    folder, path = shown_path(job, job.workspace.images(job.name, split)), _path(job, split)
    if split in work.before:
        work.files[split] = msgspec.structs.replace(work.before[split], sources={})
        if os.path.lexists(path):
            work.lines.append(
                f"{shown_path(job, path)} stays, but {folder} holds no annotated picture"
            )
    else:
        work.lines.append(what_to_add(folder, split, found))


def _outcome(work: _Work) -> Outcome:
    ids = label_ids(work.job.project)
    if work.labels.is_file and not work.labels.holds(ids):
        where = shown_path(work.job, label_map_path(work.job))
        work.lines.append(f"{where} does not hold the configured labels; the records go by it")
    whole = work.job.workspace.whole_list("records", work.job.name)
    lines = (*first_of(work.remarks, MOST_TOLD, whole), *work.lines)
    if not work.files:
        return Outcome("kept", "no annotated pictures yet", lines=lines)
    if not work.made:
        return Outcome("kept", lines=lines)
    size = sum(_path(work.job, split).stat().st_size for split in work.made)
    return Outcome("built", "; ".join(work.made.values()), size=size, lines=lines)
