"""Look: a page about a project's annotated pictures, `results/<project>/data.html`.

dataset  what is known of each picture, and of all of them together
fit      how the boxes fit what the project's networks look for
charts   how many, how large, of which shape
gallery  pictures with their boxes, and what is wrong with them
page     the page, put together
step     whether to make it anew; makes it
clean    `doit clean look`
"""

from pathlib import Path

from tasks.core.paths import Workspace
from tasks.pipeline.job import ProjectJob
from tasks.pipeline.step import Clean, ProjectStep, Work


def _work() -> Work[ProjectJob]:
    from tasks.look import step

    return step


def _clean() -> Clean:
    from tasks.look.clean import clean

    return clean


def _results(workspace: Workspace, project: str) -> tuple[Path, ...]:
    return (workspace.data_page(project),)


STEP = ProjectStep(
    name="look",
    doc="your pictures on a page",
    work=_work,
    clean=_clean,
    survives=("_scaffold",),
    follows=("records",),
    results=_results,
)
