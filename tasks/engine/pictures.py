"""Any picture of the user's as upright RGB."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from tasks.engine.messages import FaultError, Shown

Pixels = npt.NDArray[np.uint8]

MOST_PIXELS = 100_000_000
"""Pictures beyond this are refused by their header, before a pixel is decoded."""

LONGEST_SIDE = 4096
"""Larger pictures are scaled down to this before they are run: the networks shrink them anyway."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A picture to run on: uint8 [height, width, 3] RGB, and what is known of it.

    `boxes` (float32 [n, 4], normalised) and `names` say what is on it, if that is known.
    """

    pixels: Pixels
    shown: Shown
    boxes: npt.NDArray[np.float32] | None = None
    names: tuple[str, ...] = ()


def open_picture(path: Path) -> Subject:
    """Read a picture file, whatever its kind, and turn it as its EXIF record says.

    Raises:
        FaultError: the file can't be read, is no picture, is not whole, or is too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the limit is ours, below
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            upright = _decode(path)
    except FaultError:
        raise
    except Image.DecompressionBombError as error:
        raise FaultError(f"the picture {path} is too large", _SMALLER) from error
    except UnidentifiedImageError as error:
        raise FaultError(f"{path} is not a picture that Pillow knows", _CHOOSE) from error
    except Exception as error:  # Pillow's decoders raise all kinds for damaged files
        raise FaultError(f"the picture {path} can't be read: {error}", _CHOOSE) from error
    pixels = np.asarray(_fitted(upright), np.uint8)
    shown = Shown(
        source=path.as_posix(), sha256=digest, size=upright.size, run_size=_size_of(pixels)
    )
    return Subject(pixels, shown)


def draw_scene(seed: int, size: tuple[int, int]) -> Subject:
    """The scene of a seed, of which it is known what it shows; `size` is (width, height)."""
    from embedded.scenes import scene

    drawn = scene(seed, size=size)
    width, height = size
    unit = np.array([height, width, height, width], np.float32)
    shown = Shown(
        source=f"drawn scene, seed {seed}",
        sha256=hashlib.sha256(drawn.picture.tobytes()).hexdigest(),
        size=size,
        run_size=size,
    )
    return Subject(drawn.picture, shown, np.reshape(drawn.boxes / unit, (-1, 4)), drawn.labels)


def scaled(pixels: Pixels, height: int, width: int) -> Pixels:
    """The picture in another size; proportions are not kept."""
    if pixels.shape[:2] == (height, width):
        return pixels
    resized = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.uint8)


def other_shape(pixels: Pixels) -> Pixels:
    """The picture in a shape of other proportions, neither square nor large."""
    height, width = pixels.shape[:2]
    return scaled(pixels, 384, 256) if width >= height else scaled(pixels, 256, 384)


def to_rgb(picture: Image.Image) -> Image.Image:
    """Eight bits a channel, red, green, blue; what is transparent shows white.

    Sixteen-bit grey and float pictures are scaled from their own range: cutting off their upper
    or lower bits, as a plain conversion does, turns them white or black.
    """
    if picture.mode.startswith("I") or picture.mode == "F":
        return Image.fromarray(_eight_bits(picture)).convert("RGB")
    if picture.has_transparency_data:
        solid = picture.convert("RGBA")
        ground = Image.new("RGBA", solid.size, "white")
        return Image.alpha_composite(ground, solid).convert("RGB")
    return picture.convert("RGB")


_SMALLER = f"choose one of at most {MOST_PIXELS // 1_000_000} million pixels"
_CHOOSE = "choose another smoke_image"


def _decode(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise FaultError(f"the picture {path} has {width} × {height} pixels", _SMALLER)
        picture.load()
        return to_rgb(ImageOps.exif_transpose(picture))


def _fitted(picture: Image.Image) -> Image.Image:
    if max(picture.size) <= LONGEST_SIDE:
        return picture
    return ImageOps.contain(picture, (LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BILINEAR)


def _eight_bits(picture: Image.Image) -> Pixels:
    values = np.asarray(picture, np.float32)
    if picture.mode.startswith("I;16"):
        return np.asarray(values / 257, np.uint8)
    values = np.nan_to_num(values)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 255:
        return np.asarray(values, np.uint8)
    return np.asarray((values - low) * (255 / max(high - low, 1e-9)), np.uint8)


def _size_of(pixels: Pixels) -> tuple[int, int]:
    return pixels.shape[1], pixels.shape[0]
