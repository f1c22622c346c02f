"""Make the page about a project's pictures. Nothing here imports jinja2 or Pillow before there is
work to do."""

from __future__ import annotations

from tasks.annotations.annotated import Annotated
from tasks.annotations.label_map import label_map_path
from tasks.annotations.sharing import listing_if_shared, listing_of
from tasks.core import ownership, receipts
from tasks.core.errors import disk_error
from tasks.core.files import size_and_mtime
from tasks.core.paths import SPLITS
from tasks.core.receipts import Receipt
from tasks.core.text import printable
from tasks.pages.units import FIXED
from tasks.pipeline.job import Outcome, Progress, ProjectJob

VERSION = 2
"""Raised when the same pictures give another page, by its templates, its code or the checks'."""


def why_stale(job: ProjectJob) -> str | None:
    """Why the page must be made anew, in a few words; None if it is as it should be."""
    receipt = receipts.read(job.workspace.receipt("look", job.name), Receipt)
    try:
        why = ownership.why_stale(receipt, definition(job), inputs(job), asked="the configuration")
    except OSError as error:  # told when it is run
        return (error.strerror or "can't be read").lower()
    if why or receipt is None:
        return why
    return ownership.why_outputs_stale(
        job.workspace.root, receipt, [job.workspace.data_page(job.name)]
    )


def run(job: ProjectJob, progress: Progress) -> Outcome:
    """Read all pictures and make the page.

    Raises:
        DiskError: something can't be read or written.
    """
    if why_stale(job) is None:
        return Outcome("kept")
    try:
        return _make(job, progress)
    except OSError as error:
        raise disk_error(job.name, error) from error


def definition(job: ProjectJob) -> str:
    """Digest of what the configuration says about the page, and of the page's version."""
    networks = [job.config.networks[name] for name in job.project.networks]
    return receipts.digest((VERSION, job.name, job.project, networks))


def inputs(job: ProjectJob) -> dict[str, str]:
    """Digests of what is read: of the pictures their names, sizes and times of change.

    Raises:
        OSError: a folder can't be read.
    """
    workspace, states = job.workspace, list[tuple[str, str, int, int]]()
    for split in SPLITS:
        found = listing_if_shared(job, split)  # else they are read first, which changes this
        files = found.files if found else {}
        states += [(split, name, *size_and_mtime(path)) for name, path in files.items()]
    read = [label_map_path(job), workspace.receipt("records", job.name)]
    for name in job.project.networks:
        read += [workspace.receipt("extract", name)]
        read += [workspace.training(job.name, name) / "pipeline.config"]
    there = [path for path in read if path.is_file()]
    return {"the pictures": receipts.digest(states), **receipts.inputs(*there)}


def _make(job: ProjectJob, progress: Progress) -> Outcome:
    from tasks.checks.project import check_project
    from tasks.look.dataset import Dataset, PictureFacts, facts_of
    from tasks.look.page import page_of, render

    total = sum(len(listing_of(job, split, progress).pairs) for split in SPLITS)
    read, pictures = inputs(job), list[PictureFacts]()

    def take(one: Annotated, split: str) -> None:
        pictures.append(facts_of(one, split))
        progress.advance(1)

    progress.begin("look", total, "pictures")
    findings = check_project(job, take)
    progress.end()
    page = page_of(job, Dataset(tuple(pictures), tuple(findings)))
    content, path = render(page), job.workspace.data_page(job.name)
    place = job.workspace.receipt("look", job.name)
    outputs, moved = ownership.write_results(
        job.workspace.root, place, Receipt(definition=""), {path: content}
    )
    receipts.write(place, Receipt(definition=definition(job), inputs=read, outputs=outputs))
    note = f"{page.lead.removesuffix('.')}: {printable(path.relative_to(job.workspace.root))}"
    return Outcome("built", note.replace(FIXED, " "), len(content), moved)
