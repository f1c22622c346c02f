"""The page that compares a project's networks: results/<project>/index.html.

    step        whether the page is as it should be; writes it
    inputs      reads what the steps before left: the comparison, detections, smoke reports, folders
    summary     one pass over all pictures: which the page shows, and how many objects there are
    page        the page, of figures, cards, charts and gallery; one HTML file, by jinja2
    boxes       where boxes and their labels lie on a picture
    units       figures as text: every number has its unit

The file asks nothing of any server, and works without its script.
"""

from pathlib import Path

from tasks.core.paths import Workspace
from tasks.pipeline.job import ProjectJob
from tasks.pipeline.step import Clean, ProjectStep, Work


def _work() -> Work[ProjectJob]:
    from tasks.compare import step

    return step


def _clean() -> Clean:
    from tasks.compare.clean import clean

    return clean


def _results(workspace: Workspace, name: str) -> tuple[Path, ...]:
    return (workspace.comparison_page(name),)


STEP = ProjectStep(
    name="compare",
    doc="networks on a page",
    work=_work,
    clean=_clean,
    reads=("measure",),
    results=_results,
)
