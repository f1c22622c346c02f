"""The page that compares a project's networks: results/<project>/index.html.

    step        whether the page is as it should be; writes it
    inputs      reads what the steps before left: the comparison, detections, smoke reports, folders
    summary     one pass over all pictures: which the page shows, and how many objects there are
    matching    which detections are right, and what a network takes for what
    training    a training: how it went, and the network after it against the one before
    curves      losses, mAP and learning rate over its steps
    page        the page, of figures, cards, charts and gallery; tasks.pages makes a file of it

The page works without its script.
"""

from tasks.pipeline.job import ProjectJob
from tasks.pipeline.step import Clean, ProjectStep, Work


def _work() -> Work[ProjectJob]:
    from tasks.compare import step

    return step


def _clean() -> Clean:
    from tasks.compare.clean import clean

    return clean


STEP = ProjectStep(
    name="compare",
    doc="networks on a page",
    work=_work,
    clean=_clean,
    reads=("measure",),
    results=lambda workspace, name: (workspace.comparison_page(name),),
)
