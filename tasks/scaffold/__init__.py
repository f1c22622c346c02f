"""Scaffold: the folders and files of a project, beside those of the user.

    step     the step: reads the receipt, plans, carries out, writes the receipt
    files    what to make, what to leave, what to tell the user; then does it
    configs  pipeline.config for each network, tailored anew or brought up to date
    changes  `doit changes`: what was tailored
    clean    `doit clean scaffold`

Whose is a file? Ours as long as its content is what we last wrote there, as the receipt says;
else the user's, and then it is never written, never removed. A file that the user made before us
is the user's even if it equals what we would write: nothing needs writing, and `doit clean`
leaves it. Of a pipeline.config that the user edited, a value that is still what we last wrote
there follows the configuration; all else in it is theirs. A folder is ours if we made it; it is
only ever removed empty.
"""

from msgspec.structs import replace

from tasks.pipeline.job import ProjectJob
from tasks.pipeline.step import Clean, ProjectStep, Work


def _work() -> Work[ProjectJob]:
    from tasks.scaffold import step

    return step


def _clean() -> Clean:
    from tasks.scaffold.clean import clean

    return clean


STEP = ProjectStep(
    name="scaffold",
    doc="make the projects",
    work=_work,
    clean=_clean,
    survives=("extract",),
    is_default=True,
)
# Records and doctor need the label map and each pipeline.config, but fetch no network: for these,
# scaffold is done with the networks that are here.
AS_IT_IS = replace(STEP, name="_scaffold", clean=None, survives=(), is_default=False)
