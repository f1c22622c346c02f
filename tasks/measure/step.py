"""Run a project's networks on its test pictures, and write results/<project>/comparison.json.

Nothing here imports TensorFlow, nor what it takes to start it. What a network found on a picture is
saved and not done again: one more network is one more network's run.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from tasks.annotations.label_map import label_ids, label_map_path
from tasks.annotations.sharing import listing_if_shared
from tasks.cluster import scheduler_of
from tasks.core import ownership, receipts
from tasks.core.errors import AnnotationsError, BrokenNetworkError, NetworkError, disk_error
from tasks.core.files import read_file, stamp_of, write_atomic
from tasks.core.text import count
from tasks.inference.machine import tensorflow_version
from tasks.inference.results import (
    SURE,
    Comparison,
    MeasureReceipt,
    NetworkMeasurements,
    ProjectPicture,
    ProjectPictures,
    Result,
    load_saved,
    save,
)
from tasks.measure import running
from tasks.measure.project_pictures import SPLIT, files_of, read_pictures
from tasks.pipeline.job import Outcome, Progress, ProjectJob
from tasks.pipeline.receipts import ExtractReceipt, receipt_of

if TYPE_CHECKING:
    from tasks.cluster.report import Report

VERSION = 2
MOST_LINES = 5  # of what is wrong with pictures and annotations


def why_stale(job: ProjectJob) -> str | None:
    """Why the networks must be run again; None if the comparison is as it should be."""
    receipt = receipts.read(job.workspace.receipt("measure", job.name), MeasureReceipt)
    asked = "its networks, its labels or how they are called"
    read = "a network or the label map"
    why = ownership.why_stale(receipt, definition(job), _inputs(job), asked=asked, read=read)
    if why or receipt is None:
        return why
    if receipt.tensorflow != tensorflow_version():
        return f"TensorFlow changed ({receipt.tensorflow} → {tensorflow_version() or 'none'})"
    if receipt.failed:
        return f"{receipt.failed[0]} failed"
    try:
        found = listing_if_shared(job, SPLIT)
        files = files_of(found) if found else ""
    except OSError as error:
        return (error.strerror or "the pictures can't be read").lower()
    if found is None:  # which of them are to test with is told once they were read
        return "the test pictures changed"
    comparison = job.workspace.comparison(job.name)
    why = ownership.why_outputs_stale(job.workspace.root, receipt, [comparison])
    return why or _why_saved_stale(job, receipt, files)


def run(job: ProjectJob, progress: Progress) -> Outcome:
    """Run the networks, each on the pictures that it was not run on yet. One that fails is named,
    and the others go on.

    Raises:
        AnnotationsError: the label map can't be used.
        DiskError: something can't be read or written.
    """
    if why_stale(job) is None:
        return Outcome("kept")
    try:
        return _run(job, progress)
    except ValueError as error:
        raise AnnotationsError(str(label_map_path(job)), str(error)) from error
    except OSError as error:
        raise disk_error(job.name, error) from error


def definition(job: ProjectJob) -> str:
    """Digest of all that the configuration says about this comparison."""
    networks = [job.config.networks[name] for name in job.project.all_networks]
    asked = [(one.name, one.signature, job.config.label_ids(one)) for one in networks]
    where = [job.config.settings.timing_worker] if running.is_timed_elsewhere(job) else []
    return receipts.digest([VERSION, asked, label_ids(job.project), job.project.label_map, *where])


def _inputs(job: ProjectJob) -> dict[str, str]:
    extracted = (job.workspace.receipt("extract", name) for name in job.project.all_networks)
    return receipts.inputs(*extracted, label_map_path(job))


def _why_saved_stale(job: ProjectJob, receipt: MeasureReceipt, files: str) -> str | None:
    """What of all that was saved no longer holds, or is gone.

    It grows with the pictures: that of 10,000 takes seconds and hundreds of megabytes to read. So
    the state (sizes, times of change) in which the files were found to be complete is saved beside
    them; they are read only if that is no longer their state, or if it can't be told.
    """
    place, workspace = job.workspace.notes_found_whole(job.name), job.workspace
    networks = map(workspace.network_notes, receipt.measured)
    stamps = [stamp_of(path) for path in (workspace.project_notes(job.name), *networks)]
    state = receipts.digest((running.VERSION, receipt, files, stamps)).encode()
    with suppress(OSError):
        if None not in stamps and read_file(place, len(state)) == state:
            return None
    saved = load_saved(workspace.project_notes(job.name), ProjectPictures)
    if saved.files != files:
        return "the test pictures changed"
    for name in receipt.measured:
        extracted = receipt_of(workspace, name)
        if extracted is None or not running.is_complete(job, name, extracted, saved.pictures):
            return f"what was measured of {name} is gone"
    if None not in stamps:
        with suppress(OSError):
            write_atomic(place, state)
    return None


def _run(job: ProjectJob, progress: Progress) -> Outcome:
    project = read_pictures(job, progress)
    save(job.workspace.project_notes(job.name), project)
    run = _Run(job, project.pictures, progress)
    _detect_on_cluster(run)
    results = tuple(_result(run, name) for name in job.project.all_networks)
    faults = [*project.unreadable, *(f"{name}: {why}" for name, why in run.faults.items())]
    comparison = Comparison(
        project=job.name,
        pictures=len(project.pictures),
        annotated=sum(one.truth is not None for one in project.pictures),
        drawn=project.drawn,
        unreadable=tuple(faults),
        remarks=project.remarks,
        results=results,
    )
    content = msgspec.json.format(msgspec.json.encode(comparison), indent=1) + b"\n"
    place, networks = job.workspace.receipt("measure", job.name), job.project.all_networks
    outputs, moved = ownership.write_results(
        job.workspace.root,
        place,
        MeasureReceipt(definition="", networks=networks),
        {job.workspace.comparison(job.name): content},
    )
    receipt = MeasureReceipt(
        definition=definition(job),
        inputs=_inputs(job),
        tensorflow=tensorflow_version(),
        networks=networks,
        measured=tuple(one.network for one in results if one.status == "measured"),
        failed=tuple(run.retried),
        outputs=outputs,
    )
    receipts.write(place, receipt)
    return _outcome(run, comparison, moved)


class _Run(Struct):
    """A run over all networks.

    Attributes:
        retried: networks that failed, but may not fail the next time.
        report: what came of the work of a cluster.
        faults: name of a picture that TensorFlow's process could not read → why.
    """

    job: ProjectJob
    pictures: tuple[ProjectPicture, ...]
    progress: Progress
    retried: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    report: Report | None = None


def _detect_on_cluster(run: _Run) -> None:
    """Have the workers of a cluster find objects, if there is one; what they could not do is in the
    run's report."""
    job = run.job
    if not scheduler_of(job.config.settings):
        return
    from tasks.measure import on_cluster

    networks = {
        name: receipt
        for name in job.project.all_networks
        if job.config.networks[name].saved_model
        and (receipt := receipt_of(job.workspace, name)) is not None
    }
    if networks and run.pictures:
        run.report = on_cluster.detect(job, networks, run.pictures, run.progress)


def _result(run: _Run, network: str) -> Result:
    """One network's part; whatever it does, the others have theirs."""
    job, pictures = run.job, run.pictures
    extracted = receipt_of(job.workspace, network)
    if extracted is None:
        receipt = receipts.read(job.workspace.receipt("extract", network), ExtractReceipt)
        why = (receipt.reason if receipt else "") or "it is not extracted"
        return Result(network=network, status="deferred", why=why)
    here = Result(
        network=network,
        status="failed",
        size=sum(file.size for file in extracted.files.values()),
        tree=extracted.tree,
        archive_sha256=extracted.archive_sha256,
    )
    if not job.config.networks[network].saved_model:
        return replace(here, why="it has no SavedModel, so it can't be run")
    if not pictures:
        return replace(here, why="none of the test pictures can be read")
    try:
        if run.report is not None and network in run.report.failed:
            raise run.report.failed[network]
        timed = _timed_elsewhere(job)
        own = running.measured(job, network, extracted, pictures, run.progress, timed)
    except NetworkError as error:
        if not isinstance(error, BrokenNetworkError):
            run.retried.append(network)
        return replace(here, why=running.reason(error))
    return _scored(run, own, here)


def _timed_elsewhere(job: ProjectJob) -> running.Timed | None:
    if not running.is_timed_elsewhere(job):
        return None
    from tasks.measure import on_cluster

    return on_cluster.timed


def _scored(run: _Run, own: NetworkMeasurements, here: Result) -> Result:
    from tasks.measure import scoring  # and with it numpy, and more

    job, pictures = run.job, run.pictures
    for one in pictures:
        if fault := own.pictures[one.sha256].fault:
            run.faults.setdefault(one.name, fault)
    read = [one.sha256 for one in pictures if not own.pictures[one.sha256].fault]
    rows = {sha256: own.pictures[sha256].rows for sha256 in read}
    sure = sum(row[1] >= SURE for sha256 in read for row in rows[sha256])
    figures = own.figures[running.sample_of(job, pictures)[1]]
    ran = replace(here, status="measured", figures=figures, found=sure)
    labels = job.config.label_ids(job.config.networks[here.network])
    try:
        return replace(ran, accuracy=scoring.score(pictures, rows, labels))
    except scoring.UnscoredError as error:
        return replace(ran, unscored=str(error))


def _outcome(run: _Run, comparison: Comparison, moved: Sequence[str]) -> Outcome:
    job = run.job
    measured = [one for one in comparison.results if one.status == "measured"]
    note = f"{len(measured)} of {count(len(comparison.results), 'network')}, "
    note += count(comparison.pictures, "drawn scene" if comparison.drawn else "picture")
    if run.report is not None:
        note += run.report.note
    lines = [
        f"{one.network} {'failed' if one.status == 'failed' else 'is deferred'}: {one.why}"
        for one in comparison.results
        if one.status != "measured"
    ]
    if comparison.drawn:
        lines.append("there are no test pictures yet, so drawn scenes stand in for them")
    lines += run.report.lines if run.report is not None else ()
    faults = [*comparison.unreadable, *comparison.remarks]
    if len(faults) > MOST_LINES:
        where = job.workspace.comparison(job.name).as_posix()
        faults = [
            *faults[:MOST_LINES],
            f"and {len(faults) - MOST_LINES} more; all of them: {where}",
        ]
    return Outcome("built", note=note, lines=(*moved, *lines, *faults))
