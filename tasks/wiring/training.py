"""What doit sees of a project's way to its training: records and doctor; see `wiring`.

Both stand on the label map, and the doctor on each network's pipeline.config. These are brought up
to date first, for the networks that are here: nothing is fetched for a project's pictures' sake.
"""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase

from doit.exceptions import TaskFailed

from tasks.config.types import Config
from tasks.core.paths import Workspace
from tasks.pipeline.job import ProjectJob
from tasks.wiring import order
from tasks.wiring.cleaning import StepTask
from tasks.wiring.tasks import Tasks, step_group, step_task


def outline_tasks(config: Config, workspace: Workspace) -> Tasks:
    """For every project, scaffold as it can be done with the networks that are here. The names
    begin with `_`: doit does not list such tasks, and the user is told of the step."""
    for project in config.projects.values():
        task = step_task("scaffold", ProjectJob(config, workspace, project=project))
        task.name, task.targets, task.cleaner = _outline(project.name), [], None
        yield task


def _outline(project: str) -> str:
    return f"_scaffold:{project}"


def records_tasks(config: Config, workspace: Workspace) -> Tasks:
    """The group `records`, and its task for every project.

    They need no network: a project's pictures can become records before its networks are here.
    """
    yield step_group("records", config.projects, workspace)
    for project in config.projects.values():
        job = ProjectJob(config, workspace, project=project)
        yield step_task("records", job, needs=[_outline(project.name)])


def doctor_tasks(config: Config, workspace: Workspace) -> Tasks:
    """The group `doctor`, and its task for every project, which always runs: whatever failed, it
    tells what is wrong."""
    yield step_group("doctor", config.projects, workspace)
    for project in config.projects.values():
        job = ProjectJob(config, workspace, project=project)
        before = [_outline(job.name)]
        if _asked_for(f"records:{job.name}"):
            before.append(f"records:{job.name}")
        yield StepTask(
            f"doctor:{job.name}",
            [(_run_doctor, [], {"job": job})],
            task_dep=before,
            doc="project",
            io={"capture": False},
            meta={order.SURVIVES: before},
        )


def _asked_for(task: str) -> bool:
    """Whether the command line names this task, its group, or a pattern that it fits."""
    group = task.partition(":")[0]
    return any(word == group or fnmatchcase(task, word) for word in sys.argv[1:])


def _run_doctor(job: ProjectJob) -> TaskFailed | None:
    """doit's action: examine the project, print the table, fail if it holds an error."""
    from tasks.core.words import count
    from tasks.doctor.examine import examine
    from tasks.doctor.table import show
    from tasks.records.step import why_record_stale

    found = examine(job, why_record_stale)
    show(job.name, found, sys.stdout, job.workspace.whole_list("doctor", job.name))
    sys.stdout.flush()
    errors = [one for one in found if one.kind == "error"]
    return TaskFailed(f"{count(len(errors), 'error')}, see above") if errors else None
