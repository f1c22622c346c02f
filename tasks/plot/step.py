"""Draw the catalogue's published figures: results/zoo.png and results/zoo.svg."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

from tasks.core import ownership, receipts
from tasks.core.errors import UsageError, disk_error
from tasks.core.receipts import Receipt
from tasks.pipeline.job import Outcome, Progress, WorkspaceJob
from tasks.plot.draw import Content, content, draw
from tasks.zoo.entries import entries

VERSION = 1
KINDS = ("png", "svg")


class PlotReceipt(Receipt, frozen=True, kw_only=True):
    """The plot was drawn, by this version of matplotlib."""

    matplotlib: str = ""


def why_stale(job: WorkspaceJob) -> str | None:
    """Why the plot must be drawn again, in a few words; None if it is as it should be."""
    receipt = receipts.read(job.workspace.receipt("plot", job.name), PlotReceipt)
    asked = "the catalogue or the workspace's networks"
    why = ownership.why_stale(receipt, definition(content_of(job)), asked=asked)
    if why or receipt is None:
        return why
    if receipt.matplotlib != matplotlib_version():
        return "another matplotlib is installed"
    paths = map(job.workspace.plot, KINDS)
    return ownership.why_outputs_stale(job.workspace.root, receipt, paths)


def run(job: WorkspaceJob, progress: Progress) -> Outcome:
    """Draw both files.

    Raises:
        UsageError: there is no matplotlib to draw with.
        DiskError: something can't be written.
    """
    if why_stale(job) is None:
        return Outcome("kept")
    if not matplotlib_version():
        why, todo = "matplotlib is not installed", "`pip install -r requirements.lock` brings it"
        raise UsageError(f"plot:{job.name}", why, todo)
    drawn, place = content_of(job), job.workspace.receipt("plot", job.name)
    progress.begin("draw", None)
    pictures = draw(drawn, KINDS)
    progress.end()
    try:
        outputs, moved = ownership.write_results(
            job.workspace.root,
            place,
            PlotReceipt(definition=""),
            {job.workspace.plot(kind): image for kind, image in pictures.items()},
        )
        version = matplotlib_version()
        done = PlotReceipt(definition=definition(drawn), outputs=outputs, matplotlib=version)
        receipts.write(place, done)
    except OSError as error:
        raise disk_error(f"plot:{job.name}", error) from error
    number = len(drawn.points)
    note = f"{number} point{'s' * (number != 1)}, {job.workspace.plot('svg').name} too"
    return Outcome("built", note, lines=moved)


def content_of(job: WorkspaceJob) -> Content:
    return content(entries(job.config, job.workspace), job.config.wanted)


def definition(drawn: Content) -> str:
    """Digest of all that the picture depends on but matplotlib."""
    return receipts.digest([VERSION, drawn])


@cache
def matplotlib_version() -> str:
    """The version without the import; "" if there is none."""
    from importlib.metadata import PackageNotFoundError, version

    with suppress(PackageNotFoundError):
        return version("matplotlib")
    return ""
