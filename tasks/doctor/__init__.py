"""The doctor: tells whether a project is ready to be trained. It reads and changes nothing.

step   has all of `checks` done; the table is all that the step makes
table  the rows as the user sees them
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
