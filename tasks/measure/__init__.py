"""Measure: run a project's networks on its test pictures.

step                    whether to run, the receipt, the comparison
├── project_pictures    which pictures, and what is annotated on them
├── running             has TensorFlow's process run the networks, on new pictures only
└── scoring             average precision, by pycocotools
benchmark               in TensorFlow's process (see `inference`): one network, on many pictures
clean                   `doit clean measure`
"""

from tasks.pipeline.job import ProjectJob
from tasks.pipeline.step import Clean, ProjectStep, Work


def _work() -> Work[ProjectJob]:
    from tasks.measure import step

    return step


def _clean() -> Clean:
    from tasks.measure.clean import clean

    return clean


STEP = ProjectStep(
    name="measure",
    doc="run on test pictures",
    work=_work,
    clean=_clean,
    needs=("scaffold",),
    survives=("extract",),
    of_exports=True,
    runs_networks=True,
)
