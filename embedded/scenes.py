"""Photo-like scenes: cubes with hand-written digits, exactly annotated, out of a seed."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from embedded import LABELS, faces
from embedded.cubes import Array, Camera, Cube, Face, look_at_origin, place_cubes
from embedded.grounds import clouds, ground, scatter
from embedded.handwriting import Writer, stroke_digit

Mask = npt.NDArray[np.uint8]

SIDE = 320
LEAST_EXTENT = 17.0
"""Digits are written only on faces so large that the narrower way across a digit's sheet has about
this many pixels when the picture's shorter side has 320."""


@dataclass(frozen=True)
class Scene:
    """A picture and what is in it.

    picture: uint8 [height, width, 3], RGB.
    boxes: float32 [n, 4], ymin, xmin, ymax, xmax in pixels; whole numbers, the maxima exclusive,
        so that `picture[ymin:ymax, xmin:xmax]` just holds the visible ink. n may be 0.
    labels: the n labels, of `embedded.LABELS`.
    """

    picture: npt.NDArray[np.uint8]
    boxes: npt.NDArray[np.float32]
    labels: tuple[str, ...]


@dataclass
class _Drawing:
    """A picture being drawn, with the digits' ink as seen so far (uint8 masks of its size)."""

    picture: Image.Image
    inks: list[Mask] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


def scene(
    seed: int,
    *,
    size: tuple[int, int] = (SIDE, SIDE),
    writer: Writer = stroke_digit,
    labels: tuple[str, ...] = LABELS,
) -> Scene:
    """The scene of a seed: one to four cubes, digits on the faces that are well visible.

    size: (width, height) in pixels, each at least 64; what is seen depends on the proportions.
    writer: the handwriting; the default needs numpy and Pillow only.
    labels: the digits to choose from, some of `embedded.LABELS`.
    The same arguments give the same scene (one release of numpy and Pillow given).
    ValueError for a size or labels out of range.
    """
    if min(size) < 64 or not labels or not set(labels) <= set(LABELS):
        raise ValueError("a scene needs a size of at least 64x64 and labels of embedded.LABELS")
    rng = np.random.default_rng(seed)
    camera, cubes = _arrange(size, rng)
    light = np.array([rng.uniform(-1, 1), rng.uniform(-1, 0.6), rng.uniform(0.8, 1.8)])
    light /= np.linalg.norm(light)
    drawing = _Drawing(_ground_with_shadows(size, camera, cubes, light, rng))
    seen = [cube.visible_faces(camera) for cube in cubes]
    shares = _visible_shares([face for part in seen for face in part], size)
    for part in seen:
        paint = faces.paint(rng)
        for face in part:
            share = shares.pop(0)
            label = _label_for(face, share, size, labels, rng)
            _draw_face(drawing, face, paint, light, label, writer, rng)
    return _finish(drawing, rng)


def _arrange(size: tuple[int, int], rng: np.random.Generator) -> tuple[Camera, list[Cube]]:
    """Cubes, and a camera at such a distance that they fill much of the picture."""
    count = int(rng.choice(4, p=(0.2, 0.3, 0.3, 0.2))) + 1
    cubes = place_cubes(count, rng)
    elevation, roll = np.radians(rng.uniform(22, 62)), np.radians(rng.normal(0, 2.5))
    distance = rng.uniform(4.5, 8.5)
    side = (
        min(size)
        * (
            rng.uniform(0.3, 0.46),
            rng.uniform(0.25, 0.36),
            rng.uniform(0.22, 0.31),
            rng.uniform(0.21, 0.28),
        )[count - 1]
    )
    shift = rng.uniform(-0.06, 0.06, 2) * min(size)
    centre = (size[0] / 2 + shift[0], size[1] * 0.54 + shift[1])
    return look_at_origin(elevation, distance, roll, side * distance, centre), cubes


def _ground_with_shadows(
    size: tuple[int, int], camera: Camera, cubes: list[Cube], light: Array, rng: np.random.Generator
) -> Image.Image:
    picture = ground(size, rng)
    scatter(picture, rng)
    mask = Image.new("L", size, 0)
    pen = ImageDraw.Draw(mask)
    for cube in cubes:
        for polygon in cube.shadow(camera, light):
            pen.polygon([tuple(p) for p in polygon.tolist()], fill=255)
    soft = mask.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 5) * min(size) / SIDE))
    dark = Image.new("RGB", size, (8, 8, 16))
    strength = rng.uniform(0.25, 0.65)
    picture.paste(dark, (0, 0), soft.point([round(v * strength) for v in range(256)]))
    return picture


def _visible_shares(ordered: list[Face], size: tuple[int, int]) -> list[float]:
    """Of each face (farthest first) the share that no later face and no edge hides."""
    border = 0.5
    width, height = round(size[0] * (1 + 2 * border)), round(size[1] * (1 + 2 * border))
    owners = Image.new("I", (width, height), 0)
    pen = ImageDraw.Draw(owners)
    offset = np.array(size) * border
    for number, face in enumerate(ordered, start=1):
        pen.polygon([tuple(p) for p in (face.corners + offset).tolist()], fill=number)
    x, y = (round(v) for v in offset.tolist())
    inside = np.asarray(owners)[y : y + size[1], x : x + size[0]]
    seen = np.bincount(inside.ravel(), minlength=len(ordered) + 1)
    return [seen[n] / max(faces.area(face), 1.0) for n, face in enumerate(ordered, start=1)]


def _label_for(
    face: Face,
    share: float,
    size: tuple[int, int],
    labels: tuple[str, ...],
    rng: np.random.Generator,
) -> str | None:
    """The digit to write on a face; none if it could not be read well, and now and then."""
    wanted, label = rng.random() < 0.9, labels[int(rng.integers(len(labels)))]
    readable = faces.least_height(face) * faces.INKED >= LEAST_EXTENT * min(size) / SIDE
    return label if wanted and share > 0.85 and readable else None


def _draw_face(
    drawing: _Drawing,
    face: Face,
    paint: faces.Paint,
    light: Array,
    label: str | None,
    writer: Writer,
    rng: np.random.Generator,
) -> None:
    """Paints a face over what is there and hides the ink behind it."""
    sheet = faces.blank_or_marked(rng) if label is None else faces.place(writer(label, rng), rng)
    patch = faces.render(face, paint, sheet, light, drawing.picture.size, rng)
    if patch is None:
        return
    rows, columns = (
        slice(patch.y, patch.y + patch.cover.shape[0]),
        slice(patch.x, patch.x + patch.cover.shape[1]),
    )
    for hidden in drawing.inks:
        hidden[rows, columns] = np.where(patch.cover > 127, 0, hidden[rows, columns])
    drawing.picture.paste(
        Image.fromarray(patch.colours), (patch.x, patch.y), Image.fromarray(patch.cover)
    )
    if label is not None:
        whole = np.zeros(drawing.picture.size[::-1], np.uint8)
        whole[rows, columns] = patch.ink
        drawing.inks.append(whole)
        drawing.labels.append(label)


def _finish(drawing: _Drawing, rng: np.random.Generator) -> Scene:
    """The camera's share: uneven light, blur, noise; and the boxes of the visible ink."""
    size = drawing.picture.size
    blur = max(0.0, rng.uniform(-0.4, 1.0)) * min(size) / SIDE
    picture = np.asarray(drawing.picture.filter(ImageFilter.GaussianBlur(blur)), np.float32)
    lit = picture * (1 + rng.uniform(0, 0.22) * clouds(size, (2, 2), rng)[..., None])
    noise = rng.standard_normal(picture.shape, np.float32) * np.float32(abs(rng.normal(0, 5)))
    pairs = [
        (box, label)
        for mask, label in zip(drawing.inks, drawing.labels, strict=True)
        if (box := _box(mask)) is not None
    ]
    return Scene(
        np.clip(lit + noise, 0, 255).astype(np.uint8),
        np.array([box for box, _ in pairs], np.float32).reshape(-1, 4),
        tuple(label for _, label in pairs),
    )


def _box(mask: Mask) -> tuple[int, int, int, int] | None:
    """ymin, xmin, ymax, xmax of the pixels at least half inked, the maxima exclusive."""
    rows, columns = np.flatnonzero((mask > 95).any(axis=1)), np.flatnonzero((mask > 95).any(axis=0))
    if not rows.size:
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
