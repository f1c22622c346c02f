"""Draw the catalogue's published figures: results/zoo.png and results/zoo.svg."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache

from tasks.core import receipts
from tasks.core.backup import make_way
from tasks.core.errors import UsageError, disk_error
from tasks.core.files import sha256_of, sha256_or_nothing, write_if_changed
from tasks.pipeline.job import Outcome, Progress, WorkspaceJob
from tasks.plot.content import Content, content
from tasks.plot.receipt import PlotReceipt
from tasks.zoo.entries import entries

VERSION = 1
KINDS = ("png", "svg")


def why_stale(job: WorkspaceJob) -> str | None:
    """Why the plot must be drawn again, in a few words; None if it is as it should be."""
    receipt = receipts.read(job.workspace.receipt("plot", job.name), PlotReceipt)
    if receipt is None:
        return "never done"
    if not receipt.definition:
        return "it was not finished"
    if receipt.definition != definition(shown_by(job)):
        return "the catalogue or the workspace's networks changed"
    if receipt.matplotlib != matplotlib_version():
        return "another matplotlib is installed"
    for kind in KINDS:
        path = job.workspace.plot(kind)
        try:
            if sha256_of(path) != receipt.files.get(kind):
                return f"{path.name} changed"
        except FileNotFoundError:
            return f"{path.name} is missing"
        except OSError:
            return f"{path.name} can't be read"
    return None


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
    from tasks.plot.draw import draw

    shown = shown_by(job)
    progress.begin("draw", None)
    drawn = draw(shown, KINDS)
    progress.end()
    try:
        moved = _write(job, shown, drawn)
    except OSError as error:
        raise disk_error(f"plot:{job.name}", error) from error
    number = len(shown.points)
    note = f"{number} point{'s' * (number != 1)}, {job.workspace.plot('svg').name} too"
    return Outcome("built", note, lines=moved)


def _write(job: WorkspaceJob, shown: Content, drawn: dict[str, bytes]) -> tuple[str, ...]:
    """Make way, then write; give back what the user must know. The receipt comes first, and
    unfinished: after a kill it tells whose the files are, the old ones and the new."""
    files = {kind: hashlib.sha256(image).hexdigest() for kind, image in drawn.items()}
    path = job.workspace.receipt("plot", job.name)
    before = receipts.read(path, PlotReceipt) or PlotReceipt(definition="")
    moved = [
        make_way(job.workspace.plot(kind), {*before.written_at(kind), files[kind]})
        for kind in drawn
    ]
    standing = {kind: sha256_or_nothing(job.workspace.plot(kind)) for kind in drawn}
    receipts.write(path, PlotReceipt(definition="", files=standing, intended=files))
    for kind, image in drawn.items():
        write_if_changed(job.workspace.plot(kind), image)
    made = PlotReceipt(definition=definition(shown), files=files, matplotlib=matplotlib_version())
    receipts.write(path, made)
    return tuple(line for line in moved if line)


def shown_by(job: WorkspaceJob) -> Content:
    return content(entries(job.config, job.workspace), job.config.wanted)


def definition(shown: Content) -> str:
    """Digest of all that the picture depends on but matplotlib."""
    return receipts.digest([VERSION, shown])


@cache
def matplotlib_version() -> str:
    """The version without the import; "" if there is none."""
    from importlib.metadata import PackageNotFoundError, version

    with suppress(PackageNotFoundError):
        return version("matplotlib")
    return ""
