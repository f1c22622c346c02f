"""Read all that the page is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from tasks.annotations.label_map import label_ids
from tasks.compare.material import LastBuild, Material, Shot, known_labels
from tasks.compare.survey import choose, survey
from tasks.compare.thumbnails import thumbnail
from tasks.compare.tree import tree
from tasks.core import receipts
from tasks.core.errors import DamagedError
from tasks.core.files import LARGEST_STATE, read_file
from tasks.core.inspect import shown
from tasks.core.paths import Workspace
from tasks.core.receipts import ExtractReceipt, SmokeReceipt
from tasks.inference.report import Report
from tasks.inference.results import Comparison, Sight
from tasks.pipeline.job import Progress, ProjectJob

Sights = Callable[[ProjectJob, Sequence[str] | None], Iterator[Sight]]
"""The pictures of these names, or all of them, and what each network saw."""


LARGEST_COMPARISON = 256 << 20  # bytes


def gather(job: ProjectJob, sights: Sights, progress: Progress) -> Material:
    """All but the comparison's pictures is small; of those, the ones to be shown are kept.

    Raises:
        DamagedError: there is no comparison, or none that can be read.
        OSError: what the measurement noted can't be read.
    """
    comparison = read_comparison(job)
    names = [result.network for result in comparison.results]
    progress.begin("look through", None)
    seen = survey(sights(job, None), list(label_ids(job.project)), known_labels(comparison.results))
    progress.begin("shrink pictures", None)
    shots = tuple(_shots(job, sights, choose(seen.pictures)))
    progress.end()
    return Material(
        comparison=comparison,
        networks={name: job.config.networks[name] for name in names if name in job.config.networks},
        builds={name: last_build(job.workspace, name) for name in names},
        survey=seen,
        shots=shots,
        tree=folders(job),
    )


def read_comparison(job: ProjectJob) -> Comparison:
    """What the measurement left.

    Raises:
        DamagedError: it is not there, or can't be read.
    """
    path = job.workspace.comparison(job.name)
    try:
        return msgspec.json.decode(read_file(path, LARGEST_COMPARISON), type=Comparison)
    except FileNotFoundError as error:
        raise DamagedError(_key(job, path), "is missing", _again(job)) from error
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise DamagedError(_key(job, path), "can't be read", _again(job)) from error


def _key(job: ProjectJob, path: Path) -> str:
    return shown(path.relative_to(job.workspace.root))


def _again(job: ProjectJob) -> str:
    return f"run doit measure:{job.name}"


def folders(job: ProjectJob) -> tuple[str, ...]:
    """The tree of the project and of its networks."""
    return tree(job.workspace.root, job.name, job.project.networks)


def _shots(job: ProjectJob, sights: Sights, names: tuple[str, ...]) -> Iterator[Shot]:
    for sight in sights(job, names):
        yield Shot(sight, thumbnail(job.workspace.root / sight.path, sight.sha256))


def last_build(workspace: Workspace, network: str) -> LastBuild:
    """What the steps left of a network; what can't be read counts as not there."""
    extracted = receipts.read(workspace.receipt("extract", network), ExtractReceipt)
    smoked = receipts.read(workspace.receipt("smoke", network), SmokeReceipt)
    return LastBuild(
        extracted=extracted.status if extracted else "",
        smoked=smoked.status if smoked else "",
        reason=(extracted.reason if extracted else "") or (smoked.reason if smoked else ""),
        report=_report(workspace.smoke_json(network)),
    )


def _report(path: Path) -> Report | None:
    try:
        return msgspec.json.decode(read_file(path, LARGEST_STATE), type=Report)
    except (OSError, msgspec.DecodeError, ValueError):
        return None
