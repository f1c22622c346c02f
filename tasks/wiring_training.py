"""What doit sees of a project's way to its training: records and doctor; see `wiring`."""

from __future__ import annotations

import sys

from doit.exceptions import TaskFailed

from tasks.catalogue.types import Config
from tasks.job import ProjectJob
from tasks.paths import Workspace
from tasks.wiring import StepTask, Tasks, step_group, step_task


def records_tasks(config: Config, workspace: Workspace) -> Tasks:
    """The group `records`, and its task for every project.

    They need no receipt: a project's pictures can become records before its networks are here.
    """
    yield step_group("records", config.projects, workspace)
    for project in config.projects.values():
        yield step_task("records", ProjectJob(config, workspace, project=project), [])


def doctor_tasks(config: Config, workspace: Workspace) -> Tasks:
    """The group `doctor`, and its task for every project, which always runs."""
    yield step_group("doctor", config.projects, workspace)
    for project in config.projects.values():
        job = ProjectJob(config, workspace, project=project)
        yield StepTask(
            f"doctor:{job.name}",
            [(_run_doctor, [], {"job": job})],
            doc="project",
            io={"capture": False},
        )


def _run_doctor(job: ProjectJob) -> TaskFailed | None:
    """doit's action: examine the project, print the table, fail if it holds an error."""
    from tasks.doctor.examine import examine
    from tasks.doctor.table import show
    from tasks.words import count

    found = examine(job)
    show(job.name, found, sys.stdout)
    errors = [one for one in found if one.kind == "error"]
    return TaskFailed(f"{count(len(errors), 'error')}, see above") if errors else None
