"""Step 1: have the archive at hand, from a local file, the cache, or a server."""

from tasks.pipeline.job import NetworkJob
from tasks.pipeline.step import NetworkStep, Work


def _work() -> Work[NetworkJob]:
    from tasks.download import step

    return step


STEP = NetworkStep(
    name="download",
    doc="fetch the archives",
    work=_work,
    follows=("export",),
    takes_turns=False,  # it waits at the cache, which other workspaces share
)
