"""The doctor: is a project ready to be trained? It reads and changes nothing.

pictures    pictures and XML, the split into train and test
labels      the label map, and what the annotations make of it
records     record files: whole, and in agreement with the label map
config      a network's pipeline.config: text, values, paths
refusals    what TensorFlow 2's training refuses in it, or ignores
extractors  which feature extractors TensorFlow 2 has
start       the checkpoint that it names, and whether the two fit
checkpoint  a network's checkpoint: complete, and as wide as its config says
networks    the networks of the project, one after the other
examine     all of it
step        the step: the table is all that it makes
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
