"""Hand-drawn-looking digits: a model of strokes with jitter.

A digit is a few strokes, each a smooth curve through control points in the unit square
(x to the right, y down). Chance picks one way of writing it, bends the sheet, slants, stretches
and turns it, and moves a pen of some width along the curves.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Ink = npt.NDArray[np.uint8]
"""A sheet with one digit: uint8 [side, side], 0 = blank, 255 = full ink."""

Writer = Callable[[str, np.random.Generator], Ink]
"""Writes the digit of a label: `writer(label, rng) -> Ink`."""

Points = npt.NDArray[np.float64]
Stroke = tuple[tuple[float, float], ...]

SIDE = 96
_OVERSAMPLING = 2

_WAYS: dict[str, tuple[tuple[Stroke, ...], ...]] = {
    "one": (
        (((0.5, 0.1), (0.5, 0.5), (0.5, 0.9)),),
        (((0.3, 0.32), (0.42, 0.22), (0.52, 0.1)), ((0.52, 0.1), (0.51, 0.5), (0.5, 0.9))),
        (
            ((0.32, 0.28), (0.42, 0.2), (0.5, 0.1)),
            ((0.5, 0.1), (0.5, 0.5), (0.5, 0.9)),
            ((0.32, 0.9), (0.5, 0.9), (0.68, 0.9)),
        ),
    ),
    "two": (
        (
            ((0.22, 0.3), (0.34, 0.13), (0.6, 0.1), (0.75, 0.28), (0.6, 0.54), (0.24, 0.89)),
            ((0.24, 0.89), (0.5, 0.88), (0.8, 0.88)),
        ),
        (
            (
                (0.24, 0.26),
                (0.42, 0.1),
                (0.68, 0.18),
                (0.7, 0.4),
                (0.46, 0.7),
                (0.26, 0.88),
                (0.2, 0.76),
                (0.36, 0.74),
                (0.6, 0.88),
                (0.82, 0.84),
            ),
        ),
    ),
    "three": (
        (
            ((0.25, 0.2), (0.48, 0.09), (0.72, 0.24), (0.62, 0.41), (0.42, 0.47)),
            ((0.42, 0.47), (0.7, 0.54), (0.76, 0.74), (0.52, 0.92), (0.22, 0.82)),
        ),
        (
            ((0.26, 0.1), (0.5, 0.1), (0.74, 0.1)),
            ((0.74, 0.1), (0.58, 0.28), (0.44, 0.42)),
            ((0.44, 0.42), (0.72, 0.48), (0.76, 0.74), (0.52, 0.92), (0.22, 0.84)),
        ),
    ),
    "four": (
        (
            ((0.36, 0.1), (0.28, 0.36), (0.18, 0.6)),
            ((0.18, 0.6), (0.5, 0.59), (0.84, 0.58)),
            ((0.62, 0.34), (0.61, 0.6), (0.6, 0.92)),
        ),
        (
            ((0.62, 0.08), (0.4, 0.36), (0.16, 0.64)),
            ((0.16, 0.64), (0.5, 0.64), (0.84, 0.64)),
            ((0.62, 0.08), (0.62, 0.5), (0.62, 0.92)),
        ),
        (
            ((0.34, 0.12), (0.28, 0.32), (0.28, 0.5), (0.5, 0.55), (0.68, 0.5)),
            ((0.7, 0.14), (0.68, 0.5), (0.64, 0.92)),
        ),
    ),
    "five": (
        (
            ((0.74, 0.1), (0.52, 0.1), (0.32, 0.11)),
            ((0.32, 0.11), (0.3, 0.28), (0.27, 0.46)),
            ((0.27, 0.46), (0.52, 0.38), (0.76, 0.56), (0.66, 0.84), (0.42, 0.92), (0.22, 0.82)),
        ),
        (
            ((0.76, 0.1), (0.4, 0.12)),
            (
                (0.4, 0.12),
                (0.34, 0.4),
                (0.56, 0.44),
                (0.74, 0.62),
                (0.62, 0.86),
                (0.4, 0.92),
                (0.22, 0.84),
            ),
        ),
    ),
    "six": (
        (
            (
                (0.66, 0.1),
                (0.42, 0.3),
                (0.27, 0.58),
                (0.3, 0.82),
                (0.5, 0.92),
                (0.7, 0.8),
                (0.7, 0.62),
                (0.52, 0.53),
                (0.32, 0.66),
            ),
        ),
        (
            (
                (0.56, 0.08),
                (0.34, 0.34),
                (0.26, 0.66),
                (0.42, 0.91),
                (0.66, 0.86),
                (0.72, 0.66),
                (0.54, 0.56),
                (0.3, 0.74),
            ),
        ),
    ),
}


def stroke_digit(label: str, rng: np.random.Generator) -> Ink:
    """The digit of `label` in a hand of its own, uint8 [96, 96]; KeyError for another label."""
    ways = _WAYS[label]
    way = ways[int(rng.integers(len(ways)))]
    jittered = [_curve(np.array(stroke) + rng.normal(0, 0.018, (len(stroke), 2))) for stroke in way]
    lengths = [len(points) for points in jittered]
    sheet = _fit(_bend(np.concatenate(jittered), rng), rng)
    return _draw(np.split(sheet, np.cumsum(lengths)[:-1]), rng)


def _curve(points: Points, steps: int = 12) -> Points:
    """A Catmull-Rom curve through the points, `steps` pieces between two of them."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t**2
            + (3 * b - a - 3 * c + d) * t**3
        )
        for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False)
    ]
    return np.concatenate([*pieces, points[-1:]])


def _bend(points: Points, rng: np.random.Generator) -> Points:
    """Moves the points by slow waves across the sheet, as no hand is exact."""
    frequency = rng.uniform(2.0, 6.0, (2, 2))
    phase = rng.uniform(0, 2 * np.pi, 2)
    return points + rng.uniform(0, 0.035) * np.sin(points @ frequency + phase)


def _fit(points: Points, rng: np.random.Generator) -> Points:
    """Stretches, slants and turns the points, then brings them within the sheet's margins."""
    turn, slant = rng.normal(0, 0.09), rng.normal(-0.08, 0.13)
    stretch = np.diag([rng.uniform(0.62, 1.1), 1.0])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = (points - 0.5) @ stretch @ np.array([[1.0, 0.0], [slant, 1.0]]) @ rotation.T
    low, high = moved.min(axis=0), moved.max(axis=0)
    fitted: Points = 0.5 + (moved - (low + high) / 2) * (0.74 / float((high - low).max()))
    return fitted


def _draw(strokes: list[Points], rng: np.random.Generator) -> Ink:
    """Moves a round pen along the strokes; its width swells and shrinks a little."""
    big = SIDE * _OVERSAMPLING
    picture = Image.new("L", (big, big), 0)
    pen = ImageDraw.Draw(picture)
    width, swing, phase = rng.uniform(0.05, 0.125), rng.uniform(0, 0.3), rng.uniform(0, 6.3)
    for stroke in strokes:
        radii = 0.5 * width * (1 + swing * np.sin(np.linspace(0, 5, len(stroke)) + phase)) * big
        _blob_line(pen, stroke * big, radii)
    return np.asarray(picture.reduce(_OVERSAMPLING))


def _blob_line(pen: ImageDraw.ImageDraw, points: Points, radii: Points) -> None:
    for (x, y), r in zip(points.tolist(), radii.tolist(), strict=True):
        pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
    for start, stop, r in zip(points, points[1:], radii, strict=False):
        pen.line((*start, *stop), fill=255, width=max(1, round(2 * float(r))))
