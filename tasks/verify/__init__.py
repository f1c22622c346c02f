"""Reading an archive through, and judging it.

    inflate   gzip file → blocks of tar bytes, read, hashed and inflated in threads of their own
    names     which member names are safe on every system
    archive   tar bytes → members, within limits; → Facts
    bundle    a tensor-bundle index → the length that its data files must have
    judge     Facts and expectations → Verdict (no input or output)
    trust     the lock: what was trusted once
    faults    what happens to an archive that can't be used, and what the user is told
    work      all of these together
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
