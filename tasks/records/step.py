"""Make a project's records: `images/train` becomes `training/train.record`, `test` likewise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from tasks.annotations.folder import LARGEST, Listing, listing
from tasks.annotations.label_map import LabelMap, label_ids, label_map_path, labels_of
from tasks.annotations.other_formats import common_faults
from tasks.core import ownership, receipts
from tasks.core.errors import AnnotationsError, UserFilesError, disk_error
from tasks.core.files import remove_leftovers, size_and_mtime
from tasks.core.lists import first_of
from tasks.core.path_state import path_state
from tasks.core.paths import SPLITS
from tasks.core.receipts import NOTHING, Output
from tasks.core.text import printable
from tasks.pipeline.job import Outcome, Progress, ProjectJob
from tasks.records import memory
from tasks.records.memory import Memory, Noted
from tasks.records.receipt import RecordFile, RecordsReceipt
from tasks.records.words import MOST_TOLD, all_faults, contents, oddities, told, what_to_add

if TYPE_CHECKING:
    from tasks.records.make import Tally

VERSION = 2


def why_stale(job: ProjectJob) -> str | None:
    """Why the records must be made again, in a few words; None if they are as they should be."""
    receipt = receipts.read(job.workspace.receipt("records", job.name), RecordsReceipt)
    why = ownership.why_stale(receipt, definition(job), _inputs(job), read="the label map")
    if why or receipt is None:
        return why
    if not receipt.splits:
        return "there were no annotated pictures"
    try:
        seen = memory.recall(job.workspace.seen(job.name))
        changes = (_what_changed(job, split, receipt, seen) for split in SPLITS)
        return next(filter(None, changes), None)
    except OSError as error:
        return (error.strerror or "can't be read").lower()


def why_record_stale(job: ProjectJob, split: str, labels: LabelMap) -> str | None:
    """The same of one record, whatever became of the other."""
    receipt = receipts.read(job.workspace.receipt("records", job.name), RecordsReceipt)
    made = receipt.splits.get(split, RecordFile()) if receipt else RecordFile()
    if receipt is None or not made.asked:
        return "it was not finished" if receipt else "never done"
    if made.asked != _asked(labels):
        return "the label map changed"
    try:
        seen = memory.recall(job.workspace.seen(job.name))
        if {name: one.sha256 for name, one in seen.sources.get(split, {}).items()} != made.sources:
            return "its pictures changed"
        return _what_changed(job, split, receipt, seen)
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
    return receipts.digest([VERSION, label_ids(job.project), job.project.label_map])


def _inputs(job: ProjectJob) -> dict[str, str]:
    path = label_map_path(job)
    return receipts.inputs(path) if os.path.lexists(path) else {}


def _asked(labels: LabelMap) -> str:
    """Digest of what a record is made of besides the files."""
    return receipts.digest([VERSION, labels.ids])


def _what_changed(job: ProjectJob, split: str, receipt: RecordsReceipt, seen: Memory) -> str | None:
    folder, path = job.workspace.images(job.name, split), _path(job, split)
    if not memory.is_as_noted(listing(folder).files, seen.sources.get(split, {})):
        return f"{_key(job, folder)} changed"
    if split not in receipt.splits:
        return None
    if not os.path.lexists(path):
        return f"{_key(job, path)} is missing"
    noted = seen.records.get(split)
    if noted is None or not memory.is_as_noted({path.name: path}, {path.name: noted}):
        return f"{_key(job, path)} changed"
    return None


def _path(job: ProjectJob, split: str) -> Path:
    return job.workspace.record_file(job.name, split)


def _output(job: ProjectJob, split: str) -> str:
    """The record's path as the receipt has it."""
    return _path(job, split).relative_to(job.workspace.root).as_posix()


def _key(job: ProjectJob, path: Path) -> str:
    return printable(path.relative_to(job.workspace.root))


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
        seen=memory.recall(job.workspace.seen(job.name)),
        asked=_asked(labels),
    )
    for split in SPLITS:
        _make(work, split)
    records = {s: memory.note(_path(job, s)) for s in work.files if _path(job, s).is_file()}
    memory.keep(job.workspace.seen(job.name), Memory(work.sources, records))
    work.write_receipt(done=not work.faults)
    if work.faults:
        told = all_faults(work.faults, job.workspace.whole_list("records", job.name))
        raise AnnotationsError(job.name, told, f"see `doit doctor:{job.name}`")
    return _outcome(work)


def _labels(job: ProjectJob) -> LabelMap:
    try:
        return labels_of(job)
    except ValueError as error:
        why = f"{_key(job, label_map_path(job))}: {error}"
        todo = "mend it, or remove it and run `doit scaffold:" + job.name + "`"
        raise AnnotationsError(job.name, why, todo) from error


def _make(work: _Work, split: str) -> None:
    """Bring one record up to date."""
    job, path = work.job, _path(work.job, split)
    found = listing(job.workspace.images(job.name, split))
    noted = work.seen.sources.get(split, {})
    work.sources[split] = {
        name: memory.note(path, noted.get(name), LARGEST) for name, path in found.files.items()
    }
    before, output = work.before.get(split, RecordFile()), work.outputs[_output(job, split)]
    remove_leftovers(path)
    faults = common_faults(found)
    if not faults and not any(pair.annotations for pair in found.pairs):
        _nothing_to_make(work, split, found)
        return
    work.remarks += oddities(_key(job, job.workspace.images(job.name, split)), found)
    sources = {name: note.sha256 for name, note in work.sources[split].items()}
    here = path_state(job.workspace.root, path)
    if here.kind in ("folder", "other"):
        raise UserFilesError(job.name, f"{_key(job, path)} is no file", "move it away")
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
    folder = _key(work.job, work.job.workspace.images(work.job.name, split))
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
        folder = _key(work.job, work.job.workspace.images(work.job.name, split))
        work.made[split] = contents(path.name, tally)
        work.lines += told(tally, folder)
    elif path_state(work.job.workspace.root, path).sha256 != tally.sha256:
        where = _key(work.job, path)
        work.lines.append(f"{where} is yours and stays as it is; remove it to have it made anew")


def _nothing_to_make(work: _Work, split: str, found: Listing) -> None:
    """No picture is annotated; a record that stands there stays, for it may be all there is."""
    job = work.job
    folder, path = _key(job, job.workspace.images(job.name, split)), _path(job, split)
    if split in work.before:
        work.files[split] = msgspec.structs.replace(work.before[split], sources={})
        if os.path.lexists(path):
            work.lines.append(f"{_key(job, path)} stays, but {folder} holds no annotated picture")
    else:
        work.lines.append(what_to_add(folder, split, found))


def _outcome(work: _Work) -> Outcome:
    ids = label_ids(work.job.project)
    if work.labels.is_file and not work.labels.holds(ids):
        where = _key(work.job, label_map_path(work.job))
        work.lines.append(f"{where} does not hold the configured labels; the records go by it")
    whole = work.job.workspace.whole_list("records", work.job.name)
    lines = (*first_of(work.remarks, MOST_TOLD, whole), *work.lines)
    if not work.files:
        return Outcome("kept", "no annotated pictures yet", lines=lines)
    if not work.made:
        return Outcome("kept", lines=lines)
    size = sum(_path(work.job, split).stat().st_size for split in work.made)
    return Outcome("built", "; ".join(work.made.values()), size=size, lines=lines)
