"""A picture of the user's as training sees it: upright RGB, decoded by TensorFlow. A file that
can't be read, or is no sound picture of a size that can be run, is a FaultError."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tasks.core.files import open_file
from tasks.inference.channel import FaultError
from tasks.inference.report import PictureInfo
from tasks.pictures.pixels import LARGEST, examine, stored

Pixels = npt.NDArray[np.uint8]

CHOOSE = "choose another smoke_image"
LONGEST_SIDE = 4096
"""Larger pictures are scaled down to this before they are run: the networks shrink them anyway."""


@dataclass(frozen=True, slots=True)
class LoadedPicture:
    """A picture to run on: uint8 [height, width, 3] RGB, and what is known of it. `boxes` (float32
    [n, 4], normalised) and `names` say what is on it, if that is known."""

    pixels: Pixels
    info: PictureInfo
    boxes: npt.NDArray[np.float32] | None = None
    names: tuple[str, ...] = ()


def open_picture(path: Path) -> LoadedPicture:
    """Read a picture file. The pixels are those that TensorFlow decodes from what a record holds of
    it, as `tf.io.decode_image` does for a training."""
    try:
        with open_file(path) as file:
            content = file.read(LARGEST + 1)
        picture = examine(content)
        decoded = _decoded(stored(content, picture)[0])
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise FaultError(f"the picture {path} can't be read: {why}", CHOOSE) from error
    except ValueError as error:
        raise FaultError(f"the picture {path} can't be used: {error}", CHOOSE) from error
    (height, width), factor = decoded.shape[:2], min(1.0, LONGEST_SIDE / max(decoded.shape[:2]))
    pixels = scaled(decoded, max(1, round(height * factor)), max(1, round(width * factor)))
    info = PictureInfo(
        source=path.as_posix(),
        sha256=picture.sha256,
        size=(width, height),
        run_size=(pixels.shape[1], pixels.shape[0]),
    )
    return LoadedPicture(pixels, info)


def draw_scene(seed: int, size: tuple[int, int]) -> LoadedPicture:
    """The scene of a seed, of which it is known what it shows; `size` is (width, height)."""
    from embedded.scenes import scene

    drawn = scene(seed, size=size)
    width, height = size
    unit = np.array([height, width, height, width], np.float32)
    info = PictureInfo(
        source=f"drawn scene, seed {seed}",
        sha256=hashlib.sha256(drawn.picture.tobytes()).hexdigest(),
        size=size,
        run_size=size,
    )
    return LoadedPicture(drawn.picture, info, np.reshape(drawn.boxes / unit, (-1, 4)), drawn.labels)


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


def _decoded(content: bytes) -> Pixels:
    from embedded.without_keras import tf

    try:
        decoded = tf.io.decode_image(content, channels=3, expand_animations=False)
    except tf.errors.OpError as error:
        raise ValueError("TensorFlow does not decode it") from error
    return np.asarray(decoded.numpy(), np.uint8)
