"""`doit plot`: published speed against mAP, as a picture.

`draw` decides what is drawn and what only named, and draws it; `place` decides where the labels go;
`step` knows when it is stale.
"""

from tasks.pipeline.job import WorkspaceJob
from tasks.pipeline.step import Clean, Work, WorkspaceStep


def _work() -> Work[WorkspaceJob]:
    from tasks.plot import step

    return step


def _clean() -> Clean:
    from tasks.plot.clean import clean

    return clean


STEP = WorkspaceStep(
    name="plot",
    doc="draw speed and mAP",
    work=_work,
    clean=_clean,
    results=lambda workspace, name: (workspace.plot("png"),),
)
