"""All that the page is made from, read from what the steps before left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from tasks.annotations.label_map import label_ids
from tasks.compare.summary import Summary, choose, summarize, worst_first
from tasks.config.types import Network
from tasks.console.tree import workspace_folders
from tasks.core import receipts
from tasks.core.errors import DamagedError
from tasks.core.files import LARGEST_STATE, read_file
from tasks.core.paths import Workspace
from tasks.core.text import printable
from tasks.inference.report import Report, SmokeReceipt
from tasks.inference.results import Comparison, PictureDetections, Result
from tasks.pages.thumbnails import Thumbnail, thumbnail
from tasks.pipeline.job import Progress, ProjectJob
from tasks.pipeline.receipts import ExtractReceipt
from tasks.training.history import Row, read_csv
from tasks.training.receipt import TrainReceipt

ReadDetections = Callable[[ProjectJob, Sequence[str] | None], Iterator[PictureDetections]]
"""The pictures of these names, or all of them, and what each network found on them."""

HISTORY = "history.csv"
LARGEST_COMPARISON = 256 << 20  # bytes


class LastBuild(Struct, frozen=True, kw_only=True):
    """What the steps left of one network.

    Attributes:
        extracted, smoked: `done`, `deferred`, or "" if there is no receipt of a step that ended.
        reason: why it was deferred.
        report: of the last smoke run, also of one that failed; None if there is none.
    """

    extracted: str = ""
    smoked: str = ""
    reason: str = ""
    report: Report | None = None


class Training(Struct, frozen=True, kw_only=True):
    """A network that was trained and exported.

    Attributes:
        parent, export: names of the two networks, before and after.
        receipt: of the training; None if it was done in another workspace.
        rows: its history; () if that is not here, or can't be read.
    """

    parent: str
    export: str
    receipt: TrainReceipt | None = None
    rows: tuple[Row, ...] = ()


class PageInputs(Struct, frozen=True, kw_only=True):
    """What the page is made from.

    Attributes:
        networks, builds: by the network's name.
        pictures: those that the page shows, each with its thumbnail, in the order of the page.
        tree: the workspace's folders, as lines.
        trainings: what was trained, in the order of the networks.
        worst_of: the export by which the worst pictures come first; None for the order of the set.
    """

    comparison: Comparison
    networks: dict[str, Network]
    builds: dict[str, LastBuild]
    summary: Summary
    pictures: tuple[tuple[PictureDetections, Thumbnail], ...]
    tree: tuple[str, ...]
    trainings: tuple[Training, ...] = ()
    worst_of: str | None = None

    def title(self, network: str) -> str:
        """As the zoo prints it, else its name."""
        entry = self.networks.get(network)
        return entry.title if entry and entry.title else network

    def family(self, network: str) -> str:
        """`other` for a network that the catalogue does not know any more."""
        entry = self.networks.get(network)
        return entry.family if entry else "other"


def known_labels(results: Sequence[Result]) -> dict[str, frozenset[str]]:
    """network → the labels that both it and the annotations know, of the networks with a mAP."""
    return {
        one.network: frozenset(each.label for each in one.accuracy.classes)
        for one in results
        if one.accuracy
    }


def read_inputs(job: ProjectJob, read: ReadDetections, progress: Progress) -> PageInputs:
    """Read everything. All but the pictures is small; only those that are shown are kept.

    Raises:
        DamagedError: there is no comparison, or none that can be read.
        OSError: what was measured can't be read.
    """
    comparison = read_comparison(job)
    names = [result.network for result in comparison.results]
    progress.begin("read detections", None)
    known = known_labels(comparison.results)
    trained = trainings(job)
    watched = [name for one in trained for name in (one.parent, one.export)]
    summary = summarize(read(job, None), list(label_ids(job.project)), known, watched)
    progress.begin("shrink pictures", None)
    worst = worst_of(trained, summary)
    chosen = worst_first(summary.pictures, worst) if worst else choose(summary.pictures)
    pictures = tuple(
        (one, thumbnail(job.workspace.root / one.path, one.sha256))
        for one in sorted(read(job, chosen), key=lambda picture: chosen.index(picture.name))
    )
    progress.end()
    return PageInputs(
        comparison=comparison,
        networks={name: job.config.networks[name] for name in names if name in job.config.networks},
        builds={name: last_build(job.workspace, name) for name in names},
        summary=summary,
        pictures=pictures,
        tree=folders(job),
        trainings=trained,
        worst_of=worst,
    )


def worst_of(trained: Sequence[Training], summary: Summary) -> str | None:
    """The first export that is judged on a picture."""
    judged = {network for picture in summary.pictures for network in picture.f1}
    return next((one.export for one in trained if one.export in judged), None)


def trainings(job: ProjectJob) -> tuple[Training, ...]:
    """Those of the project's trainings that were exported."""
    return tuple(
        Training(
            parent=parent,
            export=export,
            receipt=receipts.read(job.workspace.receipt("train", name), TrainReceipt),
            rows=_history(job.workspace.training_results(name) / HISTORY),
        )
        for export, parent, name in exported(job)
    )


def exported(job: ProjectJob) -> Iterator[tuple[str, str, str]]:
    """The name of each export, of the network before, and of the training."""
    for export in job.project.exports:
        if (network := job.config.networks.get(export)) and network.parent:
            yield export, network.parent, f"{job.name}:{network.parent}"


def training_files(job: ProjectJob) -> Iterator[Path]:
    """What the page reads of trainings."""
    for *_, name in exported(job):
        yield job.workspace.receipt("train", name)
        yield job.workspace.training_results(name) / HISTORY


def _history(path: Path) -> tuple[Row, ...]:
    try:
        return tuple(read_csv(read_file(path, LARGEST_STATE)))
    except (OSError, ValueError):
        return ()


def read_comparison(job: ProjectJob) -> Comparison:
    """What the measurement left."""
    path = job.workspace.comparison(job.name)
    name, todo = printable(path.relative_to(job.workspace.root)), f"run doit measure:{job.name}"
    try:
        return msgspec.json.decode(read_file(path, LARGEST_COMPARISON), type=Comparison)
    except (OSError, ValueError) as error:  # msgspec's errors are a ValueError
        why = "is missing" if isinstance(error, FileNotFoundError) else "can't be read"
        raise DamagedError(name, why, todo) from error


def folders(job: ProjectJob) -> tuple[str, ...]:
    """The folders of the project and of its networks as a tree, in which files are counted."""
    found = workspace_folders(job.workspace.root, [job.name], job.project.all_networks)
    return tuple(line for each in found for line in each.lines())


def last_build(workspace: Workspace, network: str) -> LastBuild:
    """What the steps left of a network; what can't be read counts as not there."""
    extracted = receipts.read(workspace.receipt("extract", network), ExtractReceipt)
    smoked = receipts.read(workspace.receipt("smoke", network), SmokeReceipt)
    try:
        content = read_file(workspace.smoke_json(network), LARGEST_STATE)
        report = msgspec.json.decode(content, type=Report)
    except (OSError, ValueError):
        report = None
    return LastBuild(
        extracted=extracted.status if extracted else "",
        smoked=smoked.status if smoked and smoked.definition else "",
        reason=(extracted.reason if extracted else "") or (smoked.reason if smoked else ""),
        report=report,
    )
