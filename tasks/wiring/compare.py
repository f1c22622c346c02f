"""What doit sees of comparing a project's networks; see `wiring`.

networks, label map, test pictures ──▶ measure:<project> ──receipt──▶ compare:<project>
"""

from __future__ import annotations

from tasks.config.types import Config
from tasks.core.paths import Workspace
from tasks.pipeline.job import ProjectJob
from tasks.wiring.tasks import Tasks, extractions, step_group, step_task


def measure_tasks(config: Config, workspace: Workspace) -> Tasks:
    """The group `measure`, and its task for every project."""
    yield step_group("measure", config.projects, workspace)
    for project in config.projects.values():
        job = ProjectJob(config, workspace, project=project)
        yield step_task("measure", job, needs=[f"scaffold:{job.name}"], survives=extractions(job))


def compare_tasks(config: Config, workspace: Workspace) -> Tasks:
    """The group `compare`, and its task for every project: the page, from what was measured."""
    yield step_group("compare", config.projects, workspace)
    for project in config.projects.values():
        job = ProjectJob(config, workspace, project=project)
        yield step_task("compare", job, [str(workspace.receipt("measure", project.name))])
