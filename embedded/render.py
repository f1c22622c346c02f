"""Many scenes at once, by several processes, kept in a folder for the next time."""

import hashlib
import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embedded import LABELS
from embedded.handwriting import stroke_digit
from embedded.scenes import SIDE, Scene, scene
from embedded.splits import Split

MOST_BOXES = 12  # four cubes, three faces each
_GENERATOR = ("__init__", "cubes", "faces", "grounds", "handwriting", "real_digits", "scenes")


@dataclass(frozen=True)
class Scenes:
    """Scenes of one size.

    pictures: uint8 [n, height, width, 3].
    boxes: float32 [n, MOST_BOXES, 5]: ymin, xmin, ymax, xmax in pixels, class 0..5; unused rows
        have class -1.
    """

    pictures: npt.NDArray[np.uint8]
    boxes: npt.NDArray[np.float32]


def rows_of(drawn: Scene) -> npt.NDArray[np.float32]:
    """The boxes and classes of a scene, float32 [MOST_BOXES, 5]."""
    rows = np.zeros((MOST_BOXES, 5), np.float32)
    rows[:, 4] = -1
    rows[: len(drawn.labels), :4] = drawn.boxes
    rows[: len(drawn.labels), 4] = [LABELS.index(label) for label in drawn.labels]
    return rows


def draw(seed: int, split: Split, real_percent: int, size: tuple[int, int] = (SIDE, SIDE)) -> Scene:
    """The scene of a seed, `real_percent` of the seeds in real handwriting."""
    if seed * 37 % 100 >= real_percent:
        return scene(seed, size=size, writer=stroke_digit)
    from embedded.real_digits import real_writer

    return scene(seed, size=size, writer=real_writer(split))


def render(
    split: Split,
    seeds: Sequence[int],
    real_percent: int,
    size: tuple[int, int] = (SIDE, SIDE),
    folder: Path | None = None,
) -> Scenes:
    """The scenes of some seeds of a split; taken from `folder` if they were drawn before.

    The name under which they are kept holds a digest of the arguments and of the generator's
    source, so a changed generator never meets old pictures.
    """
    if folder is None:
        return _drawn(split, seeds, real_percent, size)
    name = _digest(split, seeds, real_percent, size)
    pictures, boxes = folder / f"{name}-pictures.npy", folder / f"{name}-boxes.npy"
    if not boxes.exists():
        scenes = _drawn(split, seeds, real_percent, size)
        folder.mkdir(parents=True, exist_ok=True)
        _save(pictures, scenes.pictures)
        _save(boxes, scenes.boxes)
    return Scenes(np.load(pictures, mmap_mode="r"), np.load(boxes))


def _drawn(split: Split, seeds: Sequence[int], real_percent: int, size: tuple[int, int]) -> Scenes:
    pictures = np.empty((len(seeds), size[1], size[0], 3), np.uint8)
    boxes = np.empty((len(seeds), MOST_BOXES, 5), np.float32)
    job = partial(draw, split=split, real_percent=real_percent, size=size)
    # A forked child of a process that runs TensorFlow's threads can hang.
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        for i, drawn in enumerate(pool.imap(job, seeds, chunksize=16)):
            pictures[i], boxes[i] = drawn.picture, rows_of(drawn)
    return Scenes(pictures, boxes)


def _digest(*arguments: Any) -> str:
    digest = hashlib.sha256(repr(arguments).encode())
    for module in _GENERATOR:
        digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
    return digest.hexdigest()[:16]


def _save(path: Path, array: npt.NDArray[Any]) -> None:
    """Whole or not at all, so that an interrupted run leaves nothing to be mistaken."""
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as stream:
        np.save(stream, array)
    os.replace(temporary, path)
