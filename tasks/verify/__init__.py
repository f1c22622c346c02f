"""Verify: read an archive through, and judge it. The reading itself is in `archives`.

    judge     facts and expectations → verdict (no input or output)
    work      the archive read, the verdict, the lock, and what becomes of a bad archive
    step      the step: whether there is work, and the receipt that ends it

Imports point up this list only.
"""

from tasks.pipeline.job import NetworkJob
from tasks.pipeline.step import NetworkStep, Work


def _work() -> Work[NetworkJob]:
    from tasks.verify import step

    return step


STEP = NetworkStep(
    name="verify",
    doc="check the archives",
    work=_work,
    reads=("download",),
    is_repeatable=True,
)
