"""One network's page: all that is known of it, what it is good for here, and what to cite."""

from __future__ import annotations

import textwrap

import msgspec

from tasks.config.types import Config, Digests, Family, Network
from tasks.core.addresses import redacted
from tasks.core.files import LARGEST_STATE, human_size, read_file
from tasks.core.paths import Workspace
from tasks.core.text import printable
from tasks.pipeline.receipts import differences, receipt_of
from tasks.zoo.entries import archive_size, entries, is_of_the_zoo, pareto_front, projects_of

INDENT = 13
UNBROKEN = 10_000

API_PAPER = (
    "Huang et al.: Speed/accuracy trade-offs for modern convolutional object detectors. "
    "CVPR 2017, arXiv:1611.10012"
)
FAMILY_PAPERS: dict[Family, str] = {
    "Faster R-CNN": (
        "Ren, He, Girshick, Sun: Faster R-CNN: Towards Real-Time Object Detection with Region "
        "Proposal Networks. NeurIPS 2015, arXiv:1506.01497"
    ),
    "Mask R-CNN": "He, Gkioxari, Dollár, Girshick: Mask R-CNN. ICCV 2017, arXiv:1703.06870",
    "SSD": "Liu et al.: SSD: Single Shot MultiBox Detector. ECCV 2016, arXiv:1512.02325",
    "EfficientDet": (
        "Tan, Pang, Le: EfficientDet: Scalable and Efficient Object Detection. "
        "CVPR 2020, arXiv:1911.09070"
    ),
    "CenterNet": "Zhou, Wang, Krähenbühl: Objects as Points. 2019, arXiv:1904.07850",
    "ExtremeNet": (
        "Zhou, Zhuo, Krähenbühl: Bottom-up Object Detection by Grouping Extreme and Center Points. "
        "CVPR 2019, arXiv:1901.08043"
    ),
}


class SmokeRun(msgspec.Struct, frozen=True):
    """The part of smoke.json that is shown."""

    isolation: str = ""


def page(
    network: Network, config: Config, workspace: Workspace, width: int = UNBROKEN
) -> list[str]:
    """A fact a line, under the network's name; facts that are not known are left out. Words that do
    not fit into `width` columns go on below; only a word that is longer runs over."""
    how_to_use = f'none; to use it, put "{network.name}" into a project\'s networks'
    facts: list[tuple[str, str]] = [
        ("title", network.title),
        ("family", network.family),
        ("finds", ", ".join(network.outputs)),
        ("labels", _labels(config.label_ids(network))),
        ("input", _input(network)),
        ("speed", f"{network.speed_ms:g} ms a picture, as published" if network.speed_ms else ""),
        ("COCO mAP", _accuracy(network)),
        ("", _best(network, config, workspace)),
        ("archive", _archive(network.archive, archive_size(network, workspace))),
        *(("source", redacted(source)) for source in network.sources),
        ("licence", network.licence),
        ("installed", _installed(network, workspace)),
        ("isolated", _isolated(network, workspace)),
        ("projects", ", ".join(projects_of(network, config)) or how_to_use),
        ("training", _training(network)),
        *_tasks(network, config),
        *(("note", note) for note in network.notes),
        *(("cite", paper) for paper in papers(network.family, of_the_zoo=is_of_the_zoo(network))),
    ]
    wrapped = [_wrapped(what, fact, width) for what, fact in facts if fact]
    return [network.name, *(line for lines in wrapped for line in lines)]


def _wrapped(what: str, fact: str, width: int) -> list[str]:
    return textwrap.wrap(
        fact,
        max(width, 2 * INDENT),
        initial_indent=f"  {what:<9}  ",
        subsequent_indent=" " * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _best(network: Network, config: Config, workspace: Workspace) -> str:
    """Whether any other is as fast and more accurate, or faster and as accurate."""
    best = {entry.name for entry in pareto_front(entries(config, workspace))}
    return "no other is both as fast and as accurate" if network.name in best else ""


def _training(network: Network) -> str:
    """How the network's pipeline.config becomes a project's, in a word."""
    if network.trainer == "embedded":
        return "`doit train` has a trainer of its own for it; it gets no pipeline.config"
    if network.not_trainable:
        return network.not_trainable
    made = "its pipeline.config is tailored to each project (`doit changes PROJECT`)"
    return f"{made}; {network.training_needs}" if network.training_needs else made


def _tasks(network: Network, config: Config) -> list[tuple[str, str]]:
    """What builds it: each task does those before it first."""
    name = network.name
    used = [f"doit scaffold:{project}" for project in projects_of(network, config)]
    own = [f"doit {step}:{name}" for step in ("download", "verify", "extract", "smoke")]
    return [("tasks" if not at else "", task) for at, task in enumerate([*own, *used])]


def papers(family: Family, *, of_the_zoo: bool) -> tuple[str, ...]:
    """What to cite: the paper of the family, and for the zoo's networks that of the API that
    trained them."""
    known = (FAMILY_PAPERS[family],) if family in FAMILY_PAPERS else ()
    return (*known, API_PAPER) if of_the_zoo else known


def _labels(labels: dict[str, int]) -> str:
    if len(labels) > 8:
        return f"{len(labels)} labels, ids {min(labels.values())} to {max(labels.values())}"
    return ", ".join(labels)


def _input(network: Network) -> str:
    if network.input_size is None:
        return ""
    height, width = network.input_size
    resizer = f", {network.resizer}" if network.resizer else ""
    return f"{height}×{width} pixels (height×width){resizer}"


def _accuracy(network: Network) -> str:
    figures = {
        "boxes": network.map_boxes,
        "masks": network.map_masks,
        "keypoints": network.map_keypoints,
    }
    known = [f"{what} {figure:g} %" for what, figure in figures.items() if figure is not None]
    return f"{', '.join(known)}, as published" if known else ""


def _archive(archive: Digests, known: int | None) -> str:
    size = human_size(known) if known else "size not on record"
    if archive.sha256:
        return f"{size}, sha256 {archive.sha256} ({archive.confidence})"
    if archive.git_blob_sha1:
        return f"{size}, git blob {archive.git_blob_sha1} ({archive.confidence})"
    return f"{size}, no digest on record"


def _installed(network: Network, workspace: Workspace) -> str:
    receipt = receipt_of(workspace, network.name)
    if receipt is None:
        return "no"
    folder = workspace.network(network.name)
    changed = differences(folder, receipt.files)
    state = f"{len(changed)} of its files differ" if changed else "intact"
    size = sum(record.size for record in receipt.files.values())
    return f"{folder}, {human_size(size)}, {state}"


def _isolated(network: Network, workspace: Workspace) -> str:
    """What kept the network from the rest of the machine when it was last run; "" if it was not."""
    try:
        content = read_file(workspace.smoke_json(network.name), LARGEST_STATE)
        return printable(msgspec.json.decode(content, type=SmokeRun).isolation)
    except (OSError, ValueError):
        return ""
