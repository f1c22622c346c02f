"""The pictures that a project's networks are compared on: its test pictures, and drawn scenes while
there are none.

A picture counts as annotated if it has an XML without faults, with or without boxes. One without
XML is shown and timed, but not scored: whatever is found on it may be there.

A label map that can't be used is a ValueError that says where; a file or folder that can't be read
or written, an OSError.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from embedded import LABELS
from tasks.annotations.annotated import Annotated, clipped_message, proposed_message, read_pair
from tasks.annotations.examined import remembering
from tasks.annotations.folder import Listing, Pair, listing
from tasks.annotations.label_map import labels_of
from tasks.annotations.other_formats import common_faults
from tasks.annotations.sharing import listing_of
from tasks.core.files import size_and_mtime, sync_tree
from tasks.core.parallel import in_parallel
from tasks.core.spelling import composed
from tasks.core.text import count, printable
from tasks.inference.results import GroundTruth, ProjectPicture, ProjectPictures
from tasks.pipeline.job import Progress, ProjectJob, Silent
from tasks.pipeline.step import PATIENCE
from tasks.pipeline.step_lock import turn

SPLIT = "test"
SCENES = 24
SCENE_SIZE = (640, 480)
FIRST_SCENE = 4_500_000
"""Seed of the first drawn scene, of `embedded.splits.EXAMPLES`: no network was taught on it."""


def files_of(found: Listing) -> str:
    """Digest of the names, sizes and times of change of the test pictures and their XML."""
    states = [(name, *size_and_mtime(path)) for name, path in found.files.items()]
    return hashlib.sha256(repr(states).encode()).hexdigest()[:16]


def read_pictures(job: ProjectJob, progress: Progress) -> ProjectPictures:
    """Read the project's test pictures and their annotations; or draw scenes."""
    found = listing_of(job, SPLIT, progress)
    files = files_of(found)
    if found.pairs:
        return replace(_read(job, found, labels_of(job).ids, progress), files=files)
    drawn = listing(drawn_scenes(job))
    ids = {label: number for number, label in enumerate(LABELS, 1)}
    return replace(_read(job, drawn, ids, progress), files=files, drawn=True)


def drawn_scenes(job: ProjectJob) -> Path:
    """The folder of the drawn scenes, which is made if it is not there, whole or not at all."""
    folder = job.workspace.scenes
    with turn(  # other projects may need them, too, and must not lose them while they read
        job.workspace.turn("scenes", "drawn"),
        Silent(),
        is_done=lambda: _are_drawn(folder),
        movement=lambda: None,
        patience=PATIENCE,
    ):
        if not _are_drawn(folder):
            _draw(folder, job.workspace.scenes_staging)
    return folder


def _are_drawn(folder: Path) -> bool:
    return len(listing(folder).pairs) == SCENES


def _draw(folder: Path, staging: Path) -> None:
    from embedded.dataset import write
    from tasks.core.staging import made_aside, remove_strays

    remove_strays(staging)
    with made_aside(staging) as made:
        write(made / "tree", FIRST_SCENE, SCENES, SCENE_SIZE, LABELS)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(made / "tree", folder)
        sync_tree(folder)


def _read(
    job: ProjectJob, listed: Listing, ids: Mapping[str, int], progress: Progress
) -> ProjectPictures:
    pictures, unreadable, remarks = list[ProjectPicture](), list[str](), common_faults(listed)
    clips = proposed = 0
    with remembering(job) as picture_of:
        for found in _each(listed, lambda pair: read_pair(pair, ids, picture_of), progress):
            if isinstance(found, str):
                unreadable.append(found)
            elif found.picture is None:
                unreadable += found.faults
            else:
                remarks += [*found.faults, *found.remarks]
                clips += found.clipped
                proposed += found.is_proposed
                pictures.append(_project_picture(job, found))
    if clips:
        remarks.append(clipped_message(clips))
    if proposed:
        remarks.append(f"{proposed_message(proposed)}: no network is judged by it")
    if listed.is_annotated and listed.unannotated:
        what = count(len(listed.unannotated), "picture")
        remarks.append(f"{what} without XML: shown and timed, and no network is judged by it")
    return ProjectPictures(
        pictures=tuple(pictures), unreadable=tuple(unreadable), remarks=tuple(remarks)
    )


def _each(
    listed: Listing, read: Callable[[Pair], Annotated], progress: Progress
) -> Iterator[Annotated | str]:
    """What is read of each picture, on all processors; of one that can't be named in a file, why
    not."""

    def read_if_named(pair: Pair) -> Annotated | str:
        if _is_text(pair.picture):
            return read(pair)
        return f"{printable(pair.picture.name)}: its name is not UTF-8; rename it"

    progress.begin("read pictures", len(listed.pairs), "pictures")
    for found in in_parallel(read_if_named, listed.pairs):
        progress.advance(1)
        yield found
    progress.end()


def _is_text(path: Path) -> bool:
    """Whether a path can be written down as text; on Linux a name is any bytes."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _project_picture(job: ProjectJob, found: Annotated) -> ProjectPicture:
    assert found.picture is not None
    width, height = found.picture.upright
    boxes = tuple(
        GroundTruth(
            composed(b.label), (b.ymin / height, b.xmin / width, b.ymax / height, b.xmax / width)
        )
        for b in found.boxes
    )
    return ProjectPicture(
        name=printable(found.pair.picture.name),
        path=found.pair.picture.relative_to(job.workspace.root).as_posix(),
        sha256=found.picture.sha256,
        size=(width, height),
        truth=None if found.faults or found.annotation is None or found.is_proposed else boxes,
    )
