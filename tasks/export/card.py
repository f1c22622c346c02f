"""What an export says of itself: the model card in its archive, and its entry in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.config.types import Network
from tasks.formats.toml import network_table
from tasks.inference.machine import tensorflow_version
from tasks.pipeline.job import TrainingJob
from tasks.training.receipt import TrainReceipt

CARD = """\
# {name}

A detector of {labels}: `{parent}`, fine-tuned on the pictures of `{project}`.

| | |
| --- | --- |
| steps | {best_step} of {steps} |
| mAP on {held_out} pictures held out | {map} |
| mAP on the test pictures | {test_map} |
| pictures that it learned from | {trained} |
| digest of pictures and annotations | `{pictures}` |
| digest of the network that it was made from | `{network}` |
| TensorFlow | {tensorflow} |
| licence of that network | {licence} |

mAP is COCO's, the mean over IoU from 0.5 to 0.95. The best of the measurements on the pictures held
out chose the weights; the test pictures were measured once, after that.
"""


def card(job: TrainingJob, name: str, trained: TrainReceipt, labels: Mapping[str, int]) -> bytes:
    """The model card, in Markdown."""
    return CARD.format(
        name=name,
        labels=", ".join(labels),
        parent=job.network.name,
        project=job.project.name,
        best_step=trained.best_step,
        steps=trained.steps,
        trained=trained.trained,
        held_out=trained.held_out,
        map=_shown(trained.map),
        test_map=_shown(trained.test_map),
        pictures=trained.inputs.get("the pictures", ""),
        network=trained.inputs.get("the network", ""),
        tensorflow=tensorflow_version(),
        licence=job.network.licence or "not known",
    ).encode()


def _shown(value: float) -> str:
    return f"{value:.3f}" if value >= 0 else "not measured"


def entry(job: TrainingJob, name: str, sha256: str, labels: Mapping[str, int]) -> bytes:
    """The table that makes an export a network of the catalogue, as a TOML file."""
    parent: Network = job.network
    fields: dict[str, object] = {
        "title": f"{parent.title or parent.name}, fine-tuned on {job.project.name}",
        "family": parent.family,
        "sources": [f"exports/{name}.tar.gz"],
        "archive": {"sha256": sha256, "confidence": "confirmed", "source": "doit export"},
        "labels": dict(labels),
        "parent": parent.name,
        "project": job.project.name,
        "not_trainable": "it is an export; train the network that it was made from",
        "licence": parent.licence,
    }
    if parent.input_size:
        fields |= {"input_size": list(parent.input_size), "resizer": parent.resizer}
    about = f"Written by `doit export:{job.name}`; doit reads it as part of its catalogue."
    return network_table(name, fields, about)
