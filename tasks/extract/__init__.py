"""Installing a network, and keeping it what it was.

    plan      what differs on disk, what that means, and what is done about it, file by file
    work      which of these is called for, and where the files come from; the lock
    step      the step: whether there is work, and the receipt that ends it

Nothing gets its final name before it was compared.
"""

from tasks.pipeline.job import NetworkJob
from tasks.pipeline.step import Clean, NetworkStep, Work


def _work() -> Work[NetworkJob]:
    from tasks.extract import step

    return step


def _clean() -> Clean:
    from tasks.extract.clean import clean

    return clean


STEP = NetworkStep(
    name="extract",
    doc="unpack, or repair",
    work=_work,
    clean=_clean,
    reads=("verify",),
)
