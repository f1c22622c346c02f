"""What is remembered between two runs: true of this machine and this workspace only.

A network's notes stand under the digest of all that its detections depend on. What was noted under
another one is forgotten. They are written while the network is at work, so that one that takes
hours goes on where it was stopped.

They grow with the pictures: those of 10,000 take seconds and hundreds of megabytes to read. So it
is noted beside them in which state they were found to be whole; while that is their state, and that
of the pictures, they need not be read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from tasks.core import receipts
from tasks.core.files import read_file, stamp_of, write_atomic
from tasks.inference.receipts import MeasureReceipt
from tasks.inference.results import Detection, Figures, GroundTruth, PictureDetections, Place
from tasks.pipeline.job import ProjectJob

Rows = tuple[tuple[int, float, Place], ...]
"""Detections, best first: class id, score, place."""


class PictureResult(Struct, frozen=True, tag="Seen"):
    """What a network found on one picture; `sha256` is the file's, `fault` says why the picture
    could not be given to it."""

    sha256: str
    rows: Rows = ()
    fault: str = ""


class NetworkNotes(Struct):
    """What one network found, and took.

    Attributes:
        key: digest of what its detections depend on; see `running.key_of`.
        figures: digest of the pictures that it was timed on → what it took; the latest come last.
        seen: sha256 of a picture → what was found on it.
        fault: why it can't be run, which would be the same another time.
    """

    key: str = ""
    fault: str = ""
    figures: dict[str, Figures] = {}
    seen: dict[str, PictureResult] = {}


class ProjectPicture(Struct, frozen=True, kw_only=True):
    """One test picture.

    Attributes:
        path: relative to the workspace.
        size: width and height of the upright picture.
        truth: what is annotated on it; None if nothing counts as annotated.
    """

    name: str
    path: str
    sha256: str
    size: tuple[int, int]
    truth: tuple[GroundTruth, ...] | None


class ProjectNotes(Struct, frozen=True, kw_only=True):
    """The pictures of a project, as they were when its networks were last run on them.

    Attributes:
        files: digest of the names, sizes and times of change of the pictures and their XML; "" if
            nothing is noted.
        drawn: the pictures are drawn scenes.
        unreadable, remarks: as in `results.Comparison`.
    """

    files: str = ""
    drawn: bool = False
    pictures: tuple[ProjectPicture, ...] = ()
    unreadable: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


LARGEST_NOTES = 256 << 20  # bytes: every box of every picture of a project

N = TypeVar("N", NetworkNotes, ProjectNotes)


def recall(path: Path, kind: type[N]) -> N:
    """What was noted at `path`; nothing if it can't be read."""
    try:
        return msgspec.json.decode(read_file(path, LARGEST_NOTES), type=kind)
    except (OSError, msgspec.DecodeError, ValueError):
        return kind()


def keep(path: Path, notes: NetworkNotes | ProjectNotes) -> None:
    """Note it.

    Raises:
        OSError: the folder can't be written.
    """
    write_atomic(path, msgspec.json.encode(notes))


def state_of(paths: Iterable[Path], *rest: object) -> str:
    """Digest of the state of files, by size and time of change, and of all else that counts; "" if
    a file is not there, or so young that its next change might not be seen."""
    stamps = [stamp_of(path) for path in paths]
    return "" if None in stamps else receipts.digest([stamps, *rest])


def is_known(path: Path, state: str) -> bool:
    """Whether this is the state that was noted at `path`."""
    try:
        return bool(state) and read_file(path, len(state)) == state.encode()
    except (OSError, ValueError):
        return False


def note_state(path: Path, state: str) -> None:
    """Note a state, if it is one. What can't be written only costs time: all is read again."""
    if state:
        with suppress(OSError):
            write_atomic(path, state.encode())


def detections(
    job: ProjectJob, names: Collection[str] | None = None
) -> Iterator[PictureDetections]:
    """The pictures that the networks were last run on, in order, or those of these names alone.

    A network whose notes were lost is in none of them; `measure.step.why_stale` says so.
    """
    receipt = receipts.read(job.workspace.receipt("measure", job.name), MeasureReceipt)
    measured = receipt.measured if receipt else ()
    noted = recall(job.workspace.project_notes(job.name), ProjectNotes)
    own = {name: recall(job.workspace.network_notes(name), NetworkNotes) for name in measured}
    labels = {name: _labels(job, name) for name in measured}
    for picture in noted.pictures:
        if names is not None and picture.name not in names:
            continue
        found = {
            network: tuple(
                Detection(labels[network].get(number, str(number)), score, place)
                for number, score, place in notes.seen[picture.sha256].rows
            )
            for network, notes in own.items()
            if picture.sha256 in notes.seen
        }
        yield PictureDetections(
            name=picture.name,
            path=picture.path,
            sha256=picture.sha256,
            size=picture.size,
            truth=picture.truth,
            found=found,
        )


def _labels(job: ProjectJob, network: str) -> dict[int, str]:
    entry = job.config.networks.get(network)
    return {n: label for label, n in job.config.label_ids(entry).items()} if entry else {}
