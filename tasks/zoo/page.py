"""One network's page: all that is known of it, what it is good for here, and what to cite."""

from __future__ import annotations

import textwrap

import msgspec

from tasks.config.types import Config, Digests, Network
from tasks.core.addresses import shown
from tasks.core.files import LARGEST_STATE, human_size, read_file
from tasks.core.inspect import shown as printable
from tasks.core.paths import Workspace
from tasks.pipeline.installed import differences, receipt_of
from tasks.zoo.entries import archive_size, entries, is_of_the_zoo, projects_of
from tasks.zoo.front import front
from tasks.zoo.papers import Paper, papers

INDENT = 13
UNBROKEN = 10_000


class Smoked(msgspec.Struct, frozen=True):
    """What smoke.json says of the run itself."""

    isolation: str = ""


def page(
    network: Network, config: Config, workspace: Workspace, width: int = UNBROKEN
) -> list[str]:
    """A fact a line, under the network's name; facts that are not known are left out.

    Words that do not fit into `width` columns go on below; only a word that is longer runs over.
    """
    facts: list[tuple[str, str]] = [
        ("title", network.title),
        ("family", network.family),
        ("finds", ", ".join(network.outputs)),
        ("labels", _labels(config.label_ids(network))),
        ("input", _input(network)),
        ("speed", _speed(network)),
        ("COCO mAP", _accuracy(network)),
        ("", _best(network, config, workspace)),
        ("archive", _archive(network.archive, archive_size(network, workspace))),
        *(("source", shown(source)) for source in network.sources),
        ("licence", network.licence),
        ("installed", _installed(network, workspace)),
        ("isolated", _isolated(network, workspace)),
        ("projects", ", ".join(projects_of(network, config)) or _how_to_use(network)),
        ("training", _training(network)),
        *_tasks(network, config),
        *(("note", note) for note in network.notes),
        *(("cite", str(paper)) for paper in _papers(network)),
    ]
    told = [_wrapped(what, fact, width) for what, fact in facts if fact]
    return [network.name, *(line for lines in told for line in lines)]


def _wrapped(what: str, fact: str, width: int) -> list[str]:
    return textwrap.wrap(
        fact,
        max(width, 2 * INDENT),
        initial_indent=f"  {what:<9}  ",
        subsequent_indent=" " * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _speed(network: Network) -> str:
    return f"{network.speed_ms:g} ms a picture, as published" if network.speed_ms else ""


def _best(network: Network, config: Config, workspace: Workspace) -> str:
    """Whether any other is as fast and more accurate, or faster and as accurate."""
    on_front = {entry.name for entry in front(entries(config, workspace))}
    return "no other is both as fast and as accurate" if network.name in on_front else ""


def _how_to_use(network: Network) -> str:
    return f'none; to use it, put "{network.name}" into a project\'s networks'


def _training(network: Network) -> str:
    """How the network's pipeline.config becomes a project's, in a word."""
    if network.not_trainable:
        return network.not_trainable
    made = "its pipeline.config is tailored to each project (`doit changes PROJECT`)"
    return f"{made}; {network.training_needs}" if network.training_needs else made


def _tasks(network: Network, config: Config) -> list[tuple[str, str]]:
    """What builds it: each task does those before it first."""
    name = network.name
    used = [f"doit scaffold:{project}" for project in projects_of(network, config)]
    told = [f"doit {step}:{name}" for step in ("download", "verify", "extract", "smoke")]
    return [("tasks" if not at else "", task) for at, task in enumerate([*told, *used])]


def _papers(network: Network) -> tuple[Paper, ...]:
    return papers(network.family, of_the_zoo=is_of_the_zoo(network))


def _labels(labels: dict[str, int]) -> str:
    if len(labels) > 8:
        return f"{len(labels)} labels, ids {min(labels.values())} to {max(labels.values())}"
    return ", ".join(labels)


def _input(network: Network) -> str:
    if network.input_size is None:
        return ""
    height, width = network.input_size
    return (
        f"{height}×{width} pixels (height×width){', ' + network.resizer if network.resizer else ''}"
    )


def _accuracy(network: Network) -> str:
    figures = {
        "boxes": network.map_boxes,
        "masks": network.map_masks,
        "keypoints": network.map_keypoints,
    }
    told = [f"{what} {figure:g} %" for what, figure in figures.items() if figure is not None]
    return f"{', '.join(told)}, as published" if told else ""


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
    found = differences(folder, receipt.files)
    state = f"{len(found)} of its files differ" if found else "intact"
    size = sum(record.size for record in receipt.files.values())
    return f"{folder}, {human_size(size)}, {state}"


def _isolated(network: Network, workspace: Workspace) -> str:
    """What held the network when it was run last; "" if it was not."""
    try:
        content = read_file(workspace.smoke_json(network.name), LARGEST_STATE)
        return printable(msgspec.json.decode(content, type=Smoked).isolation)
    except (OSError, ValueError):
        return ""
