"""Check a project, in the order of the work; nothing is written but the table."""

from __future__ import annotations

from tasks.core.paths import SPLITS
from tasks.core.text import count
from tasks.doctor import networks, pictures, records
from tasks.doctor.table import Finding, error, show, warning
from tasks.pipeline.job import Outcome, Progress, ProjectJob


def why_stale(job: ProjectJob) -> str:
    """A user who asks wants to know how things are now."""
    return "it always looks anew"


def run(job: ProjectJob, progress: Progress) -> Outcome:
    """Show the table; it fails if it holds an error."""
    found = check_project(job)
    whole = job.workspace.whole_list("doctor", job.name)
    progress.show(lambda stream: show(job.name, found, stream, whole))
    errors = sum(one.kind == "error" for one in found)
    if errors:
        return Outcome("failed", f"{count(errors, 'error')}, see above")
    return Outcome("built")


def check_project(job: ProjectJob) -> list[Finding]:
    """All rows of a project; whatever is wrong is a row."""
    place = job.workspace
    if not place.project(job.name).is_dir():
        todo = f"run `doit scaffold:{job.name}`"
        return [error("project", f"there is no folder {job.name}", todo)]
    known, about_labels = pictures.read_labels(job)
    train, test = (
        pictures.read_split(place.images(job.name, split), split, job.name, known.ids)
        for split in SPLITS
    )
    found = [
        *pictures.findings(train, test),
        *about_labels,
        *pictures.label_use(known, train, test),
    ]
    for report in (train, test):
        found += records.findings(job, report, known)
    for name in job.project.networks:
        found += networks.findings(job, name, known.ids)
    trainable = [n for n in job.project.networks if job.config.networks[n].is_trainable]
    if not trainable:
        result = "the project names no network that can be trained"
        found.append(warning("networks", result, "add one to config/workspace.toml"))
    return found
