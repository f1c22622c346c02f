"""All checks of a project, in the order of the work."""

from __future__ import annotations

from tasks.annotations.examined import remembering
from tasks.checks import networks, pictures, records
from tasks.checks.finding import Finding, error, warning
from tasks.core.paths import SPLITS
from tasks.pipeline.job import ProjectJob


def check_project(job: ProjectJob, take: pictures.Take = pictures.ignore) -> list[Finding]:
    """All rows of a project; whatever is wrong is a row. Each picture that was read is handed to
    `take`."""
    place = job.workspace
    if not place.project(job.name).is_dir():
        todo = f"run `doit scaffold:{job.name}`"
        return [error("project", f"there is no folder {job.name}", todo)]
    known, about_labels = pictures.read_labels(job)
    with remembering(job) as picture_of:
        train, test = (
            pictures.read_split(job, split, known.ids, take, picture_of) for split in SPLITS
        )
    found = [
        *pictures.findings(train, test),
        *pictures.shared_out(job),
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
