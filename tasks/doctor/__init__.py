"""The doctor: is a project ready to be trained? It reads and changes nothing.

step        all checks, one after the other; the table is all that the step makes
pictures    pictures and XML, the split into train and test; labels
records     record files: whole, and in agreement with the label map
networks    the networks of the project, one after the other, and each one's pipeline.config
checkpoint  a network's checkpoint: complete, and fit to start a training from
table       one row, and all of them as the user sees them
"""

from tasks.pipeline.job import ProjectJob
from tasks.pipeline.step import ProjectStep, Work


def _work() -> Work[ProjectJob]:
    from tasks.doctor import step

    return step


STEP = ProjectStep(
    name="doctor",
    doc="check the projects",
    work=_work,
    survives=("_scaffold",),
    follows=("records",),
    looks_anew=True,
    takes_turns=False,
)
