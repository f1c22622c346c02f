"""What doit sees of comparing a project's networks; see `wiring`.

test pictures ──stat──▶ measure:<project> ──receipt──▶ compare:<project>
"""

from __future__ import annotations

from tasks.catalogue.types import Config
from tasks.job import ProjectJob
from tasks.paths import Workspace
from tasks.wiring import Tasks, step_group, step_task


def measure_tasks(config: Config, workspace: Workspace) -> Tasks:
    """The group `measure`, and its task for every project."""
    yield step_group("measure", config.projects, workspace)
    for project in config.projects.values():
        reads = [str(workspace.receipt("extract", name)) for name in project.networks]
        job = ProjectJob(config, workspace, project=project)
        yield step_task("measure", job, reads)


def compare_tasks(config: Config, workspace: Workspace) -> Tasks:
    """The group `compare`, and its task for every project: the page, from what was measured."""
    yield step_group("compare", config.projects, workspace)
    for project in config.projects.values():
        job = ProjectJob(config, workspace, project=project)
        yield step_task("compare", job, [str(workspace.receipt("measure", project.name))])
