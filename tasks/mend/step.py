"""Show what would be mended; mend, or bring back what was mended last."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from tasks.annotations.cure import advice, command, lookalikes, unknown
from tasks.annotations.label_map import LabelMap, label_map_path, labels_of
from tasks.annotations.sharing import listing_of
from tasks.core.errors import AnnotationsError, UsageError, disk_error
from tasks.core.files import size_and_mtime
from tasks.core.paths import SPLITS
from tasks.core.spelling import composed, spelled, suggestion
from tasks.core.text import count, printable
from tasks.mend import journal
from tasks.mend.earlier import finish_last, left_alone, unfinished
from tasks.mend.plan import Mended, plan
from tasks.mend.request import Request, parse
from tasks.mend.table import Tally, page, show
from tasks.pipeline.job import Outcome, Progress, ProjectJob


def why_stale(job: ProjectJob) -> str:
    """A user who asks wants to know how things are now."""
    return "it always looks anew"


def run(job: ProjectJob, progress: Progress) -> Outcome:
    """Show the table, after the work is done if it was asked for.

    Raises:
        UsageError: the options are wrong, or there is nothing to undo.
        AnnotationsError: the label map can't be read.
        UserFilesError: a file was changed since it was mended, or just now.
        DiskError: something can't be read or written.
    """
    try:
        labels = _labels(job)
        request = parse(job, labels)
        if request.undo:
            return _undo(job, progress)
        return _mend(job, progress, labels, request)
    except OSError as error:
        raise disk_error(job.name, error) from error


def _labels(job: ProjectJob) -> LabelMap:
    try:
        return labels_of(job)
    except ValueError as error:
        why = f"{printable(label_map_path(job).relative_to(job.workspace.root))}: {error}"
        todo = f"mend it, or remove it and run `doit scaffold:{job.name}`"
        raise AnnotationsError(job.name, why, todo) from error


# --- mending --------------------------------------------------------------------------------------


def _mend(job: ProjectJob, progress: Progress, labels: LabelMap, request: Request) -> Outcome:
    root, folder = job.workspace.root, job.workspace.mended(job.name)
    notes = finish_last(root, folder) if request.write else unfinished(folder, job.name)
    tally, run = Tally(), None
    if request.write:
        with journal.preparing(root, folder) as prepared:
            for one in _all(job, labels, request, progress):
                tally.add(one)
                for change in one.files:
                    prepared.add(change)
            run = prepared.finish(tally.told) if tally.files else None
        notes += left_alone(journal.mend(root, run)[1]) if run else []
    else:
        for one in _all(job, labels, request, progress):
            tally.add(one)
    title = f"{job.name}: {tally.title}{_state(tally, request, notes)}"
    notes += [*_next(job, tally, request, run), *_about_labels(job, tally, request, labels)]
    shown = page(title, tally, notes, job.workspace.whole_list("mend", job.name))
    progress.show(lambda stream: show(shown, stream))
    return Outcome("built")


def _state(tally: Tally, request: Request, unfinished: list[str]) -> str:
    """What the first line says of a run that only looks."""
    if request.write:
        return ""
    if unfinished:
        return "; an earlier mending was not finished"
    return "; nothing is written yet" if tally.files else ""


def _all(
    job: ProjectJob, labels: LabelMap, request: Request, progress: Progress
) -> Iterator[Mended]:
    """What came of each picture."""
    for split in SPLITS:
        found = listing_of(job, split)
        progress.begin(split, sum(size_and_mtime(pair.picture)[0] for pair in found.pairs))
        yield from plan(found, labels.ids, request.rules, progress.advance)
        progress.end()


def _next(job: ProjectJob, tally: Tally, request: Request, run: Path | None) -> Iterator[str]:
    if run is not None:
        back = f"`doit mend:{job.name} --undo` brings them back"
        yield f"the originals are in {printable(run / journal.ORIGINALS)}; {back}"
    elif tally.files:
        words = shlex.join(["doit", f"mend:{job.name}", *request.words, "--write"])
        yield f"`{words}` does it, and keeps the originals"


def _about_labels(
    job: ProjectJob, tally: Tally, request: Request, labels: LabelMap
) -> Iterator[str]:
    """Labels that are probably meant otherwise, and renames of what is not there."""
    renames = request.rules.renames
    rest = [label for label in tally.labels if composed(label) not in renames]
    if near := lookalikes(rest, labels.ids):
        yield f"`{command(job.name, near)}` renames labels that only look like the project's"
    if strange := unknown(rest, labels.ids):
        yield advice(job.name, strange)
    used = {composed(label) for label in tally.labels}
    for old in renames:
        if old not in used:
            yield f"no box is labelled {spelled(old)}{suggestion(old, used)}"


# --- undoing --------------------------------------------------------------------------------------


def _undo(job: ProjectJob, progress: Progress) -> Outcome:
    run = journal.last_run(job.workspace.mended(job.name))
    if run is None:
        raise UsageError(f"mend:{job.name}", "nothing was mended that could be brought back")
    manifest = journal.undo(job.workspace.root, run)
    line = f"{job.name}: {count(len(manifest.files), 'file')} as before {run.name}"
    progress.show(lambda stream: print(line, file=stream))
    return Outcome("built")
