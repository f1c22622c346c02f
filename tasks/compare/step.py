"""Make the page of a project. Nothing here imports jinja2 or Pillow before there is work to do."""

from __future__ import annotations

from msgspec.structs import replace

from tasks.compare.inputs import ReadDetections, folders, read_inputs, training_files
from tasks.core import ownership, receipts
from tasks.core.errors import disk_error
from tasks.core.receipts import Receipt
from tasks.core.text import printable
from tasks.pages.units import FIXED
from tasks.pipeline.job import Outcome, Progress, ProjectJob

VERSION = (5, "99393582d081f19b")
"""The number is raised when the same measurement gives another page, by its templates or its code.
What stands behind it is part of the definition of the pages that the release before made."""

FOLDERS = "folders"


def why_stale(job: ProjectJob) -> str | None:
    """Why the page must be made anew, in a few words; None if it is as it should be."""
    receipt = receipts.read(job.workspace.receipt("compare", job.name), Receipt)
    asked = "the configuration or the page's template"
    why = ownership.why_stale(receipt, definition(job), inputs(job), asked=asked)
    if why or receipt is None:
        return why
    page = job.workspace.comparison_page(job.name)
    return ownership.why_outputs_stale(job.workspace.root, receipt, [page])


def run(job: ProjectJob, progress: Progress) -> Outcome:
    """Make the page, unless it is as it should be.

    Raises:
        DamagedError: there is no comparison, or none that can be read.
        DiskError: something can't be read or written.
    """
    if why_stale(job) is None:
        return Outcome("kept")
    from tasks.inference.results import detections

    try:
        return make(job, detections, progress)
    except OSError as error:
        raise disk_error(job.name, error) from error


def definition(job: ProjectJob) -> str:
    """Digest of what the configuration says about the page, and of the page's version."""
    known = job.config.networks
    named = [known[name] for name in job.project.all_networks if name in known]
    # What trains a network is not on the page.
    networks = [replace(one, trainer="object_detection_api") for one in named]
    return receipts.digest((*VERSION, job.name, job.project.labels, networks))


def inputs(job: ProjectJob) -> dict[str, str]:
    """Digests of all that is read. A picture that was renamed changes no figure, but it changes the
    list of the project's pictures. What was measured of a network is not among them: all projects
    share it, and what it holds of this one follows from the network, its pictures and TensorFlow's
    version."""
    workspace = job.workspace
    read = [workspace.receipt("measure", job.name), workspace.comparison(job.name)]
    read.append(workspace.project_notes(job.name))
    for name in job.project.all_networks:
        read += [workspace.receipt("extract", name), workspace.receipt("smoke", name)]
        read.append(workspace.smoke_json(name))
    read += training_files(job)
    return {**receipts.inputs(*read), FOLDERS: receipts.digest(folders(job))}


def make(job: ProjectJob, detections: ReadDetections, progress: Progress) -> Outcome:
    """Make the page from what is there now."""
    from tasks.compare.page import page_of, render

    read = inputs(job)
    page = page_of(read_inputs(job, detections, progress))
    content = render(page)
    workspace, path = job.workspace, job.workspace.comparison_page(job.name)
    place, unfinished = workspace.receipt("compare", job.name), Receipt(definition="")
    outputs, moved = ownership.write_results(workspace.root, place, unfinished, {path: content})
    receipts.write(place, Receipt(definition=definition(job), inputs=read, outputs=outputs))
    where = printable(path.relative_to(job.workspace.root))
    note = f"{page.lead.removesuffix('.')}: {where}".replace(FIXED, " ")
    return Outcome("built", note, len(content), moved)
