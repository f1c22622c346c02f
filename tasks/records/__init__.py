"""Records: a project's annotated pictures as the Object Detection API reads them.

    make      writes one record file
    step      the step: `images/train` → `training/train.record`, the same for `test`

TensorFlow is not imported, which takes seconds; the protobuf library encodes the examples.
"""

from tasks.pipeline.job import ProjectJob
from tasks.pipeline.step import Clean, ProjectStep, Work


def _work() -> Work[ProjectJob]:
    from tasks.records import step

    return step


def _clean() -> Clean:
    from tasks.records.clean import clean

    return clean


STEP = ProjectStep(
    name="records",
    doc="pictures to records",
    work=_work,
    clean=_clean,
    needs=("_scaffold",),  # no network is fetched for the sake of pictures
)
