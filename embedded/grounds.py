"""What lies under and about the cubes: grounds, and things that are not digits."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Colour = tuple[int, int, int]


def colour(rng: np.random.Generator, low: int, high: int, saturation: float) -> Colour:
    """A chance colour of brightness `low` to `high`; saturation 0 is grey, 1 is vivid."""
    light = rng.uniform(low, high)
    r, g, b = np.clip(light * (1 + saturation * rng.uniform(-1, 1, 3)), 0, 255).tolist()
    return round(r), round(g), round(b)


def clouds(size: tuple[int, int], cells: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Smooth noise, float32 [height, width] about -1..1, `cells` = (columns, rows) of chance."""
    grid = rng.uniform(-1, 1, (cells[1], cells[0])).astype(np.float32)
    return np.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC))


def _plain(size: tuple[int, int], rng: np.random.Generator) -> Floats:
    return 0.1 * clouds(size, (3, 3), rng)


def _mottled(size: tuple[int, int], rng: np.random.Generator) -> Floats:
    fine = int(rng.integers(30, 100))
    return 0.1 * clouds(size, (8, 8), rng) + rng.uniform(0.02, 0.14) * clouds(
        size, (fine, fine), rng
    )


def _wood(size: tuple[int, int], rng: np.random.Generator) -> Floats:
    grain = clouds(size, (int(rng.integers(2, 5)), int(rng.integers(40, 120))), rng)
    return rng.uniform(0.08, 0.2) * grain + 0.08 * clouds(size, (4, 6), rng)


def _cloth(size: tuple[int, int], rng: np.random.Generator) -> Floats:
    x, y = np.arange(size[0]), np.arange(size[1])[:, None]
    thread = rng.uniform(0.25, 1.2) * 320 / min(size)
    weave = np.sin(x * thread) * np.sin(y * thread)
    pattern = rng.uniform(0.05, 0.2) * weave + 0.08 * clouds(size, (4, 4), rng)
    return np.asarray(pattern, np.float32)


def _tiles(size: tuple[int, int], rng: np.random.Generator) -> Floats:
    side = rng.uniform(0.12, 0.4) * min(size)
    x = np.arange(size[0]) + rng.uniform(0, side)
    y = np.arange(size[1])[:, None] + rng.uniform(0, side)
    checks = ((x // side + y // side) % 2) * 2 - 1
    joints = np.where((x % side < side / 14) | (y % side < side / 14), -1.0, 0.4)
    pattern = checks if rng.random() < 0.4 else joints
    return (rng.uniform(0.05, 0.25) * pattern + 0.06 * clouds(size, (5, 5), rng)).astype(np.float32)


_GROUNDS: tuple[Callable[[tuple[int, int], np.random.Generator], Floats], ...] = (
    _plain,
    _mottled,
    _wood,
    _cloth,
    _tiles,
)


def ground(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """An RGB picture of a ground with a pattern of its own; `size` = (width, height)."""
    base = np.array(colour(rng, 45, 225, 0.25), np.float32)
    pattern = _GROUNDS[int(rng.integers(len(_GROUNDS)))](size, rng)
    picture = base * (1 + pattern[..., None])
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def scatter(picture: Image.Image, rng: np.random.Generator) -> None:
    """Draws zero to seven things on the ground: sheets, coins, pencils, scribbles."""
    things = (_sheet, _coin, _pencil, _scribble, _lines)
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(0, 8))):
        middle = rng.uniform(-0.05, 1.05, 2) * picture.size
        things[int(rng.integers(len(things)))](pen, middle, min(picture.size), rng)


def _corners(rng: np.random.Generator, long: float, wide: float) -> Doubles:
    angle = rng.uniform(0, np.pi)
    along, across = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([a * along * long / 2 + b * across * wide / 2 for a, b in signs])


def _polygon(pen: ImageDraw.ImageDraw, points: Doubles, fill: Colour) -> None:
    pen.polygon([tuple(p) for p in points.tolist()], fill=fill)


def _sheet(pen: ImageDraw.ImageDraw, at: Doubles, unit: int, rng: np.random.Generator) -> None:
    long, wide = rng.uniform(0.08, 0.5, 2) * unit
    _polygon(pen, at + _corners(rng, long, wide), colour(rng, 40, 250, 0.4))


def _coin(pen: ImageDraw.ImageDraw, at: Doubles, unit: int, rng: np.random.Generator) -> None:
    rx = rng.uniform(0.02, 0.1) * unit
    ry = rx * rng.uniform(0.5, 1)
    box = (at[0] - rx, at[1] - ry, at[0] + rx, at[1] + ry)
    rim = max(1, round(unit * rng.uniform(0.003, 0.012)))
    pen.ellipse(box, fill=colour(rng, 40, 230, 0.4), outline=colour(rng, 20, 230, 0.2), width=rim)


def _pencil(pen: ImageDraw.ImageDraw, at: Doubles, unit: int, rng: np.random.Generator) -> None:
    long, wide = rng.uniform(0.2, 0.6) * unit, rng.uniform(0.008, 0.04) * unit
    _polygon(pen, at + _corners(rng, long, wide), colour(rng, 30, 240, 0.8))


def _scribble(pen: ImageDraw.ImageDraw, at: Doubles, unit: int, rng: np.random.Generator) -> None:
    steps = rng.normal(0, 0.03 * unit, (int(rng.integers(4, 14)), 2))
    points = at + np.cumsum(steps, axis=0)
    width = max(1, round(rng.uniform(0.003, 0.014) * unit))
    pen.line([tuple(p) for p in points.tolist()], colour(rng, 10, 240, 0.5), width, joint="curve")


def _lines(pen: ImageDraw.ImageDraw, at: Doubles, unit: int, rng: np.random.Generator) -> None:
    """Rows of short dashes that look like print from afar."""
    ink, pitch = colour(rng, 10, 120, 0.3), rng.uniform(0.012, 0.035) * unit
    for row in range(int(rng.integers(2, 7))):
        x = float(at[0])
        for dash in (rng.uniform(0.3, 2.2, int(rng.integers(3, 9))) * pitch).tolist():
            y = float(at[1]) + row * pitch
            pen.line((x, y, x + dash, y), ink, max(1, round(pitch / 4)))
            x += dash + pitch * 0.5
