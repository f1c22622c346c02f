"""Make a project's records: `images/train` becomes `training/train.record`, `test` likewise."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct, field

from tasks.annotations.annotated import Annotated, read_pair
from tasks.annotations.examined import remembering
from tasks.annotations.folder import LARGEST, Listing, Pair, relative_name
from tasks.annotations.label_map import LabelMap, label_ids, label_map_path, labels_of
from tasks.annotations.other_formats import common_faults
from tasks.annotations.record_receipt import RecordFile, RecordsReceipt
from tasks.annotations.record_state import (
    VERSION,
    FileState,
    FileStates,
    file_state,
    read_states,
    record_definition,
    shown_path,
    what_changed,
)
from tasks.annotations.sharing import astride, listing_of, unused, unused_message, where
from tasks.core import ownership, receipts
from tasks.core.errors import AnnotationsError, UserFilesError, disk_error
from tasks.core.files import first_of, remove_leftovers, size_and_mtime, write_if_changed
from tasks.core.ownership import path_state
from tasks.core.parallel import in_parallel
from tasks.core.paths import SPLITS
from tasks.core.receipts import NOTHING, Output
from tasks.core.text import count, printable
from tasks.pictures.pixels import Picture, examine
from tasks.pipeline.job import Outcome, Progress, ProjectJob

MOST_LINES = 10  # of faults or remarks on the screen; a file holds them all


def why_stale(job: ProjectJob) -> str | None:
    """Why the records must be made again, in a few words; None if they are as they should be."""
    receipt = receipts.read(job.workspace.receipt("records", job.name), RecordsReceipt)
    why = ownership.why_stale(receipt, definition(job), _inputs(job), read="the label map")
    if why or receipt is None:
        return why
    if not receipt.splits:
        return "there were no annotated pictures"
    states = read_states(job.workspace.seen(job.name))
    changes = (what_changed(job, split, receipt, states) for split in SPLITS)
    return next(filter(None, changes), None)


def run(job: ProjectJob, progress: Progress) -> Outcome:
    """Make the records that are stale; leave what is the user's and say so.

    A project without annotated pictures is no error: the outcome says what to add.

    Raises:
        AnnotationsError: pictures, XML or the label map are not as training needs them.
        UserFilesError: something other than a file stands where a record goes.
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


class _Split(Struct):
    """`train` or `test`: its pictures, its record, and what has come of it so far.

    Attributes:
        path, key: of the record; the key is the path as receipts have it.
        folder: of the pictures, as messages have it.
        before: the record as it was made the last time, if it was.
        record: as it is now, if it could be made.
        output: what is known of the file, before this run and now.
        sources: the states of the files that the record is made of.
        summary: of a record that was written by this run.
    """

    name: str
    path: Path
    key: str
    folder: str
    before: RecordFile | None
    output: Output
    record: RecordFile | None = None
    sources: dict[str, FileState] = field(default_factory=dict)
    summary: str = ""


class _Run(Struct):
    """What a run goes by, and what it has to say; `picture_of` is as for `read_pair`."""

    job: ProjectJob
    progress: Progress
    labels: LabelMap
    splits: list[_Split]
    picture_of: Callable[[bytes], Picture] = examine
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def write_receipt(self, *, done: bool) -> None:
        """If the run is not `done`, the receipt says which files are ours, and is stale."""
        records = {split.name: split.record or split.before for split in self.splits}
        receipt = RecordsReceipt(
            definition=definition(self.job) if done else "",
            inputs=_inputs(self.job) if done else {},
            splits={name: record for name, record in records.items() if record is not None},
            outputs={split.key: split.output for split in self.splits if split.output != NOTHING},
        )
        receipts.write(self.job.workspace.receipt("records", self.job.name), receipt)


def _run(job: ProjectJob, progress: Progress) -> Outcome:
    run = _Run(job, progress, _labels(job), _splits(job))
    if loose := unused(job):
        run.lines.append(unused_message(job, len(loose)))
    states_path = job.workspace.seen(job.name)
    states = read_states(states_path)
    with remembering(job) as run.picture_of:
        for split in run.splits:
            _bring_up_to_date(run, split, states.sources.get(split.name, {}))
    made = [split for split in run.splits if split.record is not None and split.path.is_file()]
    now = FileStates(
        {split.name: split.sources for split in run.splits},
        {split.name: file_state(split.path) for split in made},
    )
    write_if_changed(states_path, msgspec.json.encode(now, order="deterministic"))
    run.write_receipt(done=not run.faults)
    if run.faults:
        whole = job.workspace.whole_list("records", job.name)
        faults = [f"{count(len(run.faults), 'fault')}:", *first_of(run.faults, MOST_LINES, whole)]
        raise AnnotationsError(job.name, "\n".join(faults), f"see `doit doctor:{job.name}`")
    return _outcome(run)


def _labels(job: ProjectJob) -> LabelMap:
    try:
        return labels_of(job)
    except ValueError as error:
        why = f"{shown_path(job, label_map_path(job))}: {error}"
        todo = "mend it, or remove it and run `doit scaffold:" + job.name + "`"
        raise AnnotationsError(job.name, why, todo) from error


def _splits(job: ProjectJob) -> list[_Split]:
    place = job.workspace.receipt("records", job.name)
    before = receipts.read(place, RecordsReceipt) or RecordsReceipt(definition="")
    found = []
    for name in SPLITS:
        path, folder = job.workspace.record_file(job.name, name), where(job, name)
        key = path.relative_to(job.workspace.root).as_posix()
        record, output = before.splits.get(name), before.output(key)
        found.append(_Split(name, path, key, folder, record, output))
    return found


def _bring_up_to_date(run: _Run, split: _Split, states: dict[str, FileState]) -> None:
    """Make a record if it is stale. `states` are those of its pictures and XML when last read."""
    job, path = run.job, split.path
    pictures = listing_of(job, split.name, run.progress)
    split.sources = _states(pictures.files, states)
    remove_leftovers(path)
    faults = common_faults(pictures)
    if not faults and not any(pair.annotations for pair in pictures.pairs):
        _leave(run, split, pictures)
        return
    run.remarks += [f"{split.folder}: {oddity}" for oddity in _oddities(pictures)]
    sources = {name: state.sha256 for name, state in split.sources.items()}
    wanted = RecordFile(record_definition(run.labels, pictures), sources)
    here = path_state(job.workspace.root, path)
    if here.kind in ("folder", "other"):
        raise UserFilesError(job.name, f"{shown_path(job, path)} is not a file", "move it away")
    before = split.before or RecordFile()
    if here.kind == "file" and (before.definition, before.sources) == (wanted.definition, sources):
        split.record, split.output = before, Output(split.output.sha256)
        if split.output.sha256 in ("", here.sha256):
            return
    _write(run, split, pictures, wanted, faults)


def _states(files: Mapping[str, Path], before: Mapping[str, FileState]) -> dict[str, FileState]:
    """The states of files now; only what is new or changed is read."""

    def state(name: str) -> FileState:
        return file_state(files[name], before.get(name), LARGEST)

    return dict(zip(files, in_parallel(state, files), strict=True))


def _leave(run: _Run, split: _Split, pictures: Listing) -> None:
    """No picture is annotated; a record that stands there stays, for it may be all there is."""
    if split.before is not None:
        split.record = msgspec.structs.replace(split.before, sources={})
        if os.path.lexists(split.path):
            record = printable(split.key)
            run.lines.append(f"{record} stays, but {split.folder} holds no annotated picture")
    elif pictures.pairs:
        what = count(len(pictures.pairs), "picture")
        run.lines.append(f"{split.folder}: {what}, none annotated with labelImg yet")
    elif pictures.folder.name != split.name:
        run.lines.append(f"{split.folder}: no picture fell to it; the more there are, the sooner")
    else:
        part = "most of your pictures" if split.name == "train" else "about one picture in ten"
        run.lines.append(f"{split.folder} is empty: put {part} there, annotated with labelImg")


def _oddities(pictures: Listing) -> list[str]:
    """XML and pictures that do not go together as they should."""
    twins = [" and ".join(printable(path.name) for path in paths) for paths in pictures.same_stem]
    xmls = [relative_name(pictures.folder, path) for path in pictures.unpaired]
    return [
        *(f"{xml} has no picture and is left out" for xml in xmls),
        *filter(None, [pictures.elsewhere]),
        *(f"{pair} are read with one and the same XML" for pair in twins),
    ]


def _write(
    run: _Run, split: _Split, pictures: Listing, wanted: RecordFile, faults: list[str]
) -> None:
    """Write a record, unless there are faults, or a file of the user's stands in its place."""
    from tasks.records.make import Record, framed_example  # only when there is something to write

    root, pairs, record = run.job.workspace.root, pictures.pairs, Record(faults)
    ids = run.labels.ids
    before, is_ours = split.output, False

    def made(pair: Pair) -> tuple[Annotated, bytes]:
        return framed_example(read_pair(pair, ids, run.picture_of), ids)

    def write(file: IO[bytes]) -> bool:
        nonlocal is_ours
        for read, framed in in_parallel(made, pairs):
            record.add(read, framed, file)
            run.progress.advance(len(read.content))
        if record.faults:
            return False
        here = path_state(root, split.path)
        is_ours = here.kind == "nothing" or here.is_ours(before.written)
        if is_ours:
            split.record = RecordFile()  # not done
            split.output = Output(before.sha256, record.digest.hexdigest())
            run.write_receipt(done=False)
        return is_ours

    run.progress.begin(split.name, sum(size_and_mtime(pair.picture)[0] for pair in pairs))
    ownership.write_unless(split.path, write)
    run.progress.end()
    run.remarks += [f"{split.folder}: {remark}" for remark in record.remarks]
    run.faults += [f"{split.folder}: {fault}" for fault in record.faults]
    sha256 = record.digest.hexdigest()
    if record.faults:
        split.record, split.output = RecordFile(), before
    elif is_ours:
        split.record, split.output = wanted, Output(sha256)
        split.summary = record.summary(split.path.name)
        run.lines += record.notices(split.folder)
    else:
        split.record, split.output = wanted, NOTHING
        if path_state(root, split.path).sha256 != sha256:
            where = printable(split.key)
            run.lines.append(f"{where} is yours and stays as it is; remove it to have it made anew")


def _outcome(run: _Run) -> Outcome:
    if run.labels.is_file and not run.labels.holds(label_ids(run.job.project)):
        where = shown_path(run.job, label_map_path(run.job))
        run.lines.append(f"{where} does not hold the configured labels; the records go by it")
    whole = run.job.workspace.whole_list("records", run.job.name)
    lines = (*first_of(run.remarks, MOST_LINES, whole), *run.lines)
    if not any(split.record for split in run.splits):
        return Outcome("kept", "no annotated pictures yet", lines=lines)
    lines += tuple(f"{pair} look alike" for pair in astride(run.job))
    written = [split for split in run.splits if split.summary]
    if not written:
        return Outcome("kept", lines=lines)
    size = sum(split.path.stat().st_size for split in written)
    return Outcome("built", "; ".join(split.summary for split in written), size=size, lines=lines)
