"""What a project's pictures are, remembered by the digests of their files: so a picture is decoded
once, however many steps read it. Those that are no whole pictures are examined every time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec
from msgspec import Struct

from tasks.core.files import LARGEST_STATE, read_file, write_if_changed
from tasks.pictures.pixels import Picture, examine
from tasks.pipeline.job import ProjectJob

VERSION = 1
"""Raised when `examine` judges the same file otherwise."""


class Examined(Struct, frozen=True):
    """What is remembered; `by` says which decoder and which rules it comes from."""

    by: str
    pictures: dict[str, Picture] = {}


@contextmanager
def remembering(job: ProjectJob) -> Iterator[Callable[[bytes], Picture]]:
    """`examine`, which decodes only what it was never given before for this project. May be called
    from many threads; what is new is remembered in the end, also where the work is cut off."""
    place, by = job.workspace.examined(job.name), _by()
    known = _read(job, by)

    def picture_of(content: bytes) -> Picture:
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 not in known:
            known[sha256] = examine(content, sha256)
        return known[sha256]

    try:
        yield picture_of
    finally:
        if known:
            content = msgspec.json.encode(Examined(by, known), order="deterministic")
            with suppress(OSError):  # then they are decoded again
                write_if_changed(place, content)


def _read(job: ProjectJob, by: str) -> dict[str, Picture]:
    with suppress(OSError, ValueError, msgspec.DecodeError):
        content = read_file(job.workspace.examined(job.name), LARGEST_STATE)
        found = msgspec.json.decode(content, type=Examined)
        return found.pictures if found.by == by else {}
    return {}


def _by() -> str:
    import PIL

    return f"{VERSION}, Pillow {PIL.__version__}"
