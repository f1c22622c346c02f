"""Chance changes of training pictures: scale, aspect, letterbox, crop, light, colour, noise."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from embedded.scenes import SIDE

Picture = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.float32]

IGNORED = -2.0
"""Class of a digit that is cut so much that neither finding nor missing it is an error."""


def augment(picture: Picture, rows: Rows, rng: np.random.Generator) -> tuple[Picture, Rows]:
    """A changed copy of a picture, uint8 [320, 320, 3], and its boxes (see `render.Scenes`)."""
    if rng.random() < 0.1:
        return picture, rows
    moved, moved_rows = _move(Image.fromarray(picture), rows, rng)
    return _noise(np.asarray(_light(moved, rng)), rng), moved_rows


def _move(picture: Image.Image, rows: Rows, rng: np.random.Generator) -> tuple[Image.Image, Rows]:
    """Scales by 0.5 to 1.2, squeezes a little, places or crops within 320x320."""
    scale = np.exp(rng.uniform(np.log(0.5), np.log(1.2)))
    squeeze = np.exp(rng.uniform(-0.1, 0.1))
    wanted = SIDE * scale * np.array([squeeze, 1 / squeeze])  # width, height
    span = np.minimum(SIDE, wanted)
    shown = np.minimum(SIDE, span * SIDE / wanted)  # pixels of the source
    start = rng.uniform(0, 1, 2) * (SIDE - shown)
    size = np.maximum(np.round(span), 1).astype(int)
    part = picture.resize(
        tuple(size.tolist()), Image.Resampling.BILINEAR, (*start, *(start + shown))
    )
    corner = _corner(SIDE - size, rng)
    canvas = Image.new("RGB", (SIDE, SIDE), _padding(rng))
    canvas.paste(part, tuple(corner.tolist()))
    return canvas, _moved_rows(rows, size / shown, corner - start * size / shown, corner, size)


def _corner(free: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Where the content goes: half the time up and left, as the network letterboxes."""
    if rng.random() < 0.5:
        return np.zeros(2, np.int64)
    return np.floor(rng.uniform(0, 1, 2) * (free + 1)).astype(np.int64)


def _padding(rng: np.random.Generator) -> tuple[int, ...]:
    if rng.random() < 0.6:
        return (0, 0, 0)
    return tuple(rng.integers(0, 256, 3).tolist())


def _moved_rows(
    rows: Rows,
    factor: npt.NDArray[np.float64],
    shift: npt.NDArray[np.float64],
    corner: npt.NDArray[np.int64],
    size: npt.NDArray[np.int64],
) -> Rows:
    """The boxes after scaling and shifting (each x, y), clipped to the content."""
    yxyx = np.tile(np.arange(2)[::-1], 2)
    moved = rows[:, :4] * factor[yxyx] + shift[yxyx]
    clipped = np.clip(moved, corner[yxyx], (corner + size)[yxyx])
    left = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    share = left / np.maximum(np.prod(moved[:, 2:] - moved[:, :2], axis=1), 1e-6)
    classes = np.where(share > 0.9, rows[:, 4], np.where(share > 0.05, IGNORED, -1))
    classes = np.where(rows[:, 4] < 0, rows[:, 4], classes)
    return np.concatenate([clipped, classes[:, None]], axis=1).astype(np.float32)


def _light(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Another exposure, gamma and cast for each colour, and the colours now and then swapped."""
    grey = np.arange(256) / 255.0
    gamma, gain = np.exp(rng.normal(0, 0.2)), np.exp(rng.normal(0, 0.15))
    tables = [
        np.clip(255 * grey**gamma * gain * np.exp(rng.normal(0, 0.08)) + rng.normal(0, 6), 0, 255)
        for _ in range(3)
    ]
    changed = picture.point(np.concatenate(tables).round().astype(int).tolist())
    if rng.random() < 0.4:
        bands = changed.split()
        changed = Image.merge("RGB", [bands[i] for i in rng.permutation(3)])
    return changed


def _noise(picture: Picture, rng: np.random.Generator) -> Picture:
    if rng.random() < 0.7:
        return picture
    strength = rng.uniform(2, 12)
    noise = rng.standard_normal((SIDE, SIDE, 3), np.float32) * np.float32(strength)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)
