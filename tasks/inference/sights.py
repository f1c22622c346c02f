"""What the networks saw, picture by picture."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tasks.core.receipts import read
from tasks.inference import notes
from tasks.inference.notes import NetworkNotes, Pictured, ProjectNotes
from tasks.inference.receipts import MeasureReceipt
from tasks.inference.results import Detection, Sight
from tasks.pipeline.job import ProjectJob


def sights(job: ProjectJob, names: Collection[str] | None = None) -> Iterator[Sight]:
    """The pictures that the networks were last run on, in order, or those of these names alone.

    A network whose notes were lost is in none of them; `step.why_stale` tells.
    """
    receipt = read(job.workspace.receipt("measure", job.name), MeasureReceipt)
    measured = receipt.measured if receipt else ()
    noted = notes.recall(job.workspace.project_notes(job.name), ProjectNotes)
    own = {n: notes.recall(job.workspace.network_notes(n), NetworkNotes) for n in measured}
    labels = {name: _labels(job, name) for name in measured}
    for picture in noted.pictures:
        if names is None or picture.name in names:
            yield _sight(picture, own, labels)


def _labels(job: ProjectJob, network: str) -> dict[int, str]:
    entry = job.config.networks.get(network)
    return {n: label for label, n in job.config.label_ids(entry).items()} if entry else {}


def _sight(
    picture: Pictured, own: dict[str, NetworkNotes], labels: dict[str, dict[int, str]]
) -> Sight:
    found = {
        network: tuple(
            Detection(labels[network].get(number, str(number)), score, place)
            for number, score, place in noted.seen[picture.sha256].rows
        )
        for network, noted in own.items()
        if picture.sha256 in noted.seen
    }
    return Sight(
        name=picture.name,
        path=picture.path,
        sha256=picture.sha256,
        size=picture.size,
        truth=picture.truth,
        found=found,
    )
