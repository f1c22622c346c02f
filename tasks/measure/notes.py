"""What is remembered between two runs: true of this machine and this workspace only.

A network's notes stand under the digest of all that its detections depend on. What was noted under
another one is forgotten. They are written while the network is at work, so that one that takes
hours goes on where it was stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from tasks.files import write_atomic
from tasks.measure.results import Figures, Marked, Place

Rows = tuple[tuple[int, float, Place], ...]
"""Detections, best first: class id, score, place."""


class Seen(Struct, frozen=True, tag=True):
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
    seen: dict[str, Seen] = {}


class Pictured(Struct, frozen=True, kw_only=True):
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
    truth: tuple[Marked, ...] | None


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
    pictures: tuple[Pictured, ...] = ()
    unreadable: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


N = TypeVar("N", NetworkNotes, ProjectNotes)


def recall(path: Path, kind: type[N]) -> N:
    """What was noted at `path`; nothing if it can't be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError, ValueError):
        return kind()


def keep(path: Path, notes: NetworkNotes | ProjectNotes) -> None:
    """Note it.

    Raises:
        OSError: the folder can't be written.
    """
    write_atomic(path, msgspec.json.encode(notes))
