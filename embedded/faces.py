"""One face of a cube: its paint, the sheet on it, and its picture in perspective."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from embedded.cubes import Array, Face
from embedded.grounds import Colour, clouds, colour
from embedded.handwriting import Ink

TEXTURE = 160
INKED = 0.42
"""The least share of a face's height that a digit takes (see `place`)."""
_SAMPLES = 2


@dataclass(frozen=True)
class Paint:
    """Colours of a cube, the darkening of its edges and the strength of its grain."""

    face: Colour
    ink: Colour
    edge: float
    grain: float


@dataclass(frozen=True)
class Patch:
    """A face in the picture: upper left pixel, colours [h, w, 3], cover and ink [h, w], uint8."""

    x: int
    y: int
    colours: npt.NDArray[np.uint8]
    cover: npt.NDArray[np.uint8]
    ink: npt.NDArray[np.uint8]


def paint(rng: np.random.Generator) -> Paint:
    """Mostly dark ink on a light cube, sometimes chalk on a dark one."""
    if rng.random() < 0.75:
        face, ink = colour(rng, 150, 250, 0.3), colour(rng, 5, 75, 0.7)
    else:
        face, ink = colour(rng, 25, 90, 0.5), colour(rng, 190, 255, 0.2)
    return Paint(face, ink, rng.uniform(0, 0.35), rng.uniform(0, 0.1))


def area(face: Face) -> float:
    """Pixels of the whole face, hidden or not."""
    x, y = face.corners.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def least_height(face: Face) -> float:
    """Pixels across the face where it is narrowest: the smaller distance of two opposite edges."""
    edges = np.linalg.norm(np.roll(face.corners, -1, axis=0) - face.corners, axis=1)
    return area(face) / float(max(edges[0] + edges[2], edges[1] + edges[3]) / 2)


def place(ink: Ink, rng: np.random.Generator) -> Image.Image:
    """The texture's layer of ink (mode L): the digit at a chance size, place and turn."""
    side = round(TEXTURE * rng.uniform(0.58, 0.9))  # the digit itself takes some 3/4 of its sheet
    digit = Image.fromarray(ink).rotate(rng.normal(0, 4), Image.Resampling.BILINEAR)
    slack = 0.3 * (TEXTURE - side)
    x, y = (TEXTURE - side) / 2 + rng.uniform(-slack, slack, 2)
    layer = Image.new("L", (TEXTURE, TEXTURE), 0)
    layer.paste(digit.resize((side, side), Image.Resampling.BICUBIC), (round(x), round(y)))
    return layer


def blank_or_marked(rng: np.random.Generator) -> Image.Image:
    """A layer without digit: blank, or with pips, a cross, a ring or a bar."""
    layer = Image.new("L", (TEXTURE, TEXTURE), 0)
    pen, kind, width = ImageDraw.Draw(layer), rng.random(), int(rng.integers(6, 16))
    low, high = (round(v) for v in (TEXTURE * rng.uniform((0.2, 0.65), (0.35, 0.8))).tolist())
    if kind < 0.08:
        for x, y in ((low, low), (high, high), (TEXTURE // 2, TEXTURE // 2))[: rng.integers(1, 4)]:
            pen.ellipse((x - width, y - width, x + width, y + width), fill=255)
    elif kind < 0.16:
        pen.line((low, low, high, high), 255, width)
        pen.line((low, high, high, low), 255, width)
    elif kind < 0.24:
        pen.ellipse((low, low, high, high), outline=255, width=width)
    elif kind < 0.3:
        pen.line((low, TEXTURE // 2, high, TEXTURE // 2 + width), 255, width)
    return layer


def render(
    face: Face,
    colours: Paint,
    layer: Image.Image,
    light: Array,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Patch | None:
    """The face as seen, at twice the picture's fineness and then averaged; None if outside."""
    low = np.maximum(np.floor(face.corners.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(face.corners.max(axis=0)), size).astype(int)
    if (high <= low).any():
        return None
    texture = _texture(colours, layer, _brightness(face, light), rng)
    extent = tuple(((high - low) * _SAMPLES).tolist())
    seen = texture.transform(
        extent,
        Image.Transform.PERSPECTIVE,
        _homography((face.corners - low) * _SAMPLES),
        Image.Resampling.BILINEAR,
    )
    cover = Image.new("L", extent, 0)
    outline = [tuple(p) for p in ((face.corners - low) * _SAMPLES).tolist()]
    ImageDraw.Draw(cover).polygon(outline, fill=255)
    pixels = np.asarray(seen.reduce(_SAMPLES))
    return Patch(
        int(low[0]),
        int(low[1]),
        np.ascontiguousarray(pixels[..., :3]),
        np.array(cover.reduce(_SAMPLES)),
        np.ascontiguousarray(pixels[..., 3]),
    )


def _brightness(face: Face, light: Array) -> float:
    return 0.5 + 0.5 * max(0.0, float(face.normal @ light))


def _texture(
    colours: Paint, layer: Image.Image, brightness: float, rng: np.random.Generator
) -> Image.Image:
    """The face from the front: red, green, blue, and the ink as the fourth channel."""
    ink = np.asarray(layer, np.float32)[..., None] / 255.0
    plain = colours.grain * clouds((TEXTURE, TEXTURE), (40, 40), rng)
    x = np.abs(np.linspace(-1, 1, TEXTURE, dtype=np.float32)) ** 12
    plain -= colours.edge * np.maximum(x, x[:, None])
    face = np.array(colours.face, np.float32) * (1 + plain[..., None])
    mixed = (face * (1 - ink) + np.array(colours.ink, np.float32) * ink) * brightness
    pixels = np.concatenate([mixed, ink * 255], axis=2)
    # CMYK stands for any four channels: Pillow would multiply RGBA's colours by its fourth.
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "CMYK")


def _homography(corners: Array) -> list[float]:
    """Pillow's eight numbers that map picture points to texture points."""
    low, high = 1.0, TEXTURE - 1.0  # a pixel within, as Pillow paints black beyond the rim
    rows, values = [], []
    for (x, y), (u, v) in zip(
        corners.tolist(), ((low, low), (high, low), (high, high), (low, high)), strict=True
    ):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solution: list[float] = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    return solution
