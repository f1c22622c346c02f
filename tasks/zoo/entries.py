"""Every network as one row: what is published of it, and what is here of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from tasks.config.types import Config, Family, Network, Output
from tasks.core.paths import Workspace
from tasks.core.receipts import read
from tasks.pipeline.receipts import DownloadReceipt, differences, receipt_of

# Where the zoo keeps its archives, whichever host serves them.
ZOO = "/models/object_detection/tf2/"


class Entry(Struct, frozen=True, kw_only=True):
    """One row.

    Attributes:
        name, title, family, licence: as in `config.types.Network`.
        origin: `zoo`, or `own` for the embedded network and the user's.
        finds: what it puts out.
        input_size, resizer, speed_ms, map_boxes, map_masks, map_keypoints: as published, see
            `config.types.Network`; None where nothing is.
        size: of the archive, in bytes; None if neither a record nor a download says.
        installed: whether it lies under pre-trained/, complete.
        projects: the workspace's projects that use it.
        trainable: whether a project gets a pipeline.config for it.
    """

    name: str
    title: str
    family: Family
    origin: Literal["zoo", "own"]
    finds: tuple[Output, ...]
    input_size: tuple[int, int] | None
    resizer: str
    speed_ms: float | None
    map_boxes: float | None
    map_masks: float | None
    map_keypoints: float | None
    size: int | None
    installed: bool
    projects: tuple[str, ...]
    trainable: bool
    licence: str

    def accuracy(self, output: Output) -> float | None:
        """The COCO mAP of one output, in percent."""
        figures = {"boxes": self.map_boxes, "masks": self.map_masks}
        return figures.get(output, self.map_keypoints)


def entries(config: Config, workspace: Workspace) -> tuple[Entry, ...]:
    """All networks in the catalogue's order: the zoo, the embedded network, the user's own."""
    rows = [entry(network, config, workspace) for network in config.networks.values()]
    return (*(r for r in rows if r.origin == "zoo"), *(r for r in rows if r.origin == "own"))


def entry(network: Network, config: Config, workspace: Workspace) -> Entry:
    return Entry(
        name=network.name,
        title=network.title,
        family=network.family,
        origin="zoo" if is_of_the_zoo(network) else "own",
        finds=network.outputs,
        input_size=network.input_size,
        resizer=network.resizer,
        speed_ms=network.speed_ms,
        map_boxes=network.map_boxes,
        map_masks=network.map_masks,
        map_keypoints=network.map_keypoints,
        size=archive_size(network, workspace),
        installed=is_installed(network, workspace),
        projects=projects_of(network, config),
        trainable=network.is_trainable,
        licence=network.licence,
    )


def is_of_the_zoo(network: Network) -> bool:
    return any(ZOO in source for source in network.sources)


def archive_size(network: Network, workspace: Workspace) -> int | None:
    """Bytes of the archive: on record, as downloaded, or of the local file that it is."""
    if network.archive.size is not None:
        return network.archive.size
    receipt = read(workspace.receipt("download", network.name), DownloadReceipt)
    if receipt is not None and receipt.size:
        return receipt.size
    for source in network.sources:
        if "://" not in source:
            path = workspace.root / source
            try:
                return path.stat().st_size if path.is_file() else None
            except OSError:
                return None
    return None


def is_installed(network: Network, workspace: Workspace) -> bool:
    """Whether nothing of it is missing; a file that was edited is there all the same."""
    receipt = receipt_of(workspace, network.name)
    if receipt is None:
        return False
    return "missing" not in differences(workspace.network(network.name), receipt.files).values()


def projects_of(network: Network, config: Config) -> tuple[str, ...]:
    return tuple(p.name for p in config.projects.values() if network.name in p.networks)


def pareto_front(entries: Sequence[Entry], output: Output = "boxes") -> tuple[Entry, ...]:
    """The networks that no other beats in speed and mAP, the fastest first. One beats another if it
    is at least as fast and as accurate, and better in one of the two. A row that lacks a figure is
    never among them."""
    judged = [
        (entry.speed_ms, -accuracy, entry)
        for entry in entries
        if entry.speed_ms is not None and (accuracy := entry.accuracy(output)) is not None
    ]
    judged.sort(key=lambda one: one[:2])
    kept: list[tuple[float, float, Entry]] = []
    for one in judged:
        if not kept or one[1] < kept[-1][1] or one[:2] == kept[-1][:2]:
            kept.append(one)
    return tuple(entry for _, _, entry in kept)
