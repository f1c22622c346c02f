"""Check a project; nothing is written but the table."""

from __future__ import annotations

from tasks.checks.project import check_project
from tasks.core.text import count
from tasks.doctor.table import show
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
