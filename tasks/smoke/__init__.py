"""Smoke: run a network on a picture, and see whether it answers as a detector should.

step                    parent: whether to run, and the receipt
running                 the request, the results, the receipt
└── picture             which picture; the catalogue's is fetched
examination             in TensorFlow's process (see `inference`): one network, and the report
├── checks              checks of a detector's outputs
└── draw                boxes on the picture
clean                   `doit clean smoke`
"""

from tasks.pipeline.job import NetworkJob
from tasks.pipeline.step import Clean, NetworkStep, Work


def _work() -> Work[NetworkJob]:
    from tasks.smoke import step

    return step


def _clean() -> Clean:
    from tasks.smoke.clean import clean

    return clean


STEP = NetworkStep(
    name="smoke",
    doc="run on a picture",
    work=_work,
    clean=_clean,
    reads=("extract",),
    is_default=True,
    is_repeatable=True,
    runs_networks=True,
    results=lambda workspace, name: (workspace.smoke_picture(name),),
)
