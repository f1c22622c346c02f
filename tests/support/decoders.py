"""Holds what a record has of a picture against what TensorFlow makes of it, and what people see."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from tasks.inference.input_picture import LONGEST_SIDE, open_picture
from tasks.pictures.pixels import examine, stored

Pixels = npt.NDArray[np.uint8]
REENCODED = 6.0
"""Mean difference of shades, of 255, that JPEG encoding may cost, of noise even."""
CMYK = 3.0
"""The same for CMYK, which TensorFlow and Pillow convert by formulas of their own."""


class DisagreementError(AssertionError):
    """A record would hold what it must not."""


def judge(content: bytes, place: Path) -> str:
    """`as it is`, `anew`, or `refused: …`. `place` is a file to write the picture to.

    Raises:
        DisagreementError: the record's bytes are none that TensorFlow decodes to the pixels that
            are measured, and that people see.
    """
    try:
        picture = examine(content)
        held, kind = stored(content, picture)
    except ValueError as error:
        return f"refused: {error}"
    decoded = in_training(held)
    if decoded.shape != (*picture.upright[::-1], 3):
        raise DisagreementError(f"{decoded.shape} instead of {picture.upright}")
    if max(picture.upright) <= LONGEST_SIDE:
        place.write_bytes(content)
        if not np.array_equal(open_picture(place).pixels, decoded):
            raise DisagreementError("what is measured is not what the record holds")
    wanted = as_seen(content)
    off = difference(exact(held) if kind == "jpeg" else decoded, wanted)
    if off > allowed(content, picture.reencoded and kind == "jpeg"):
        raise DisagreementError(f"{off:.2f} shades from what people see")
    return "anew" if picture.reencoded else "as it is"


def in_training(held: bytes) -> Pixels:
    """As the Object Detection API decodes a record.

    Raises:
        DisagreementError: TensorFlow refuses it.
    """
    tf = tensorflow()
    try:
        decoded = tf.io.decode_image(held, channels=3, expand_animations=False)
    except tf.errors.OpError as error:
        raise DisagreementError(f"TensorFlow: {str(error)[-80:]}") from error
    return np.asarray(decoded.numpy(), np.uint8)


def exact(held: bytes) -> Pixels:
    """A JPEG by TensorFlow's library with the transform that Pillow uses."""
    decoded = tensorflow().io.decode_jpeg(held, channels=3, dct_method="INTEGER_ACCURATE")
    return np.asarray(decoded.numpy(), np.uint8)


def as_seen(content: bytes) -> Pixels:
    """What people see, by other means than the product's: upright, on white, upper eight bits."""
    with quiet(), Image.open(BytesIO(content), formats=("PNG", "JPEG", "GIF", "BMP")) as opened:
        opened.load()
        try:
            found = ImageOps.exif_transpose(opened)
        except Exception:  # its EXIF is damaged
            found = opened.copy()
        if found.mode == "I;16":
            return on_white_16(found)
        layers = np.asarray(found.convert("RGBA"), np.uint16)
    alpha = layers[..., 3:]
    blended = (layers[..., :3] * alpha + 255 * (255 - alpha)) / 255
    return np.asarray(np.rint(blended), np.uint8)


def on_white_16(grey: Image.Image) -> Pixels:
    values = np.asarray(grey)
    shades = np.where(values == grey.info.get("transparency", -1), 255, values >> 8)
    return np.repeat(shades.astype(np.uint8)[..., None], 3, axis=2)


def difference(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def allowed(content: bytes, reencoded: bool) -> float:
    with quiet(), Image.open(BytesIO(content)) as opened:
        if reencoded:
            return REENCODED
        if opened.mode == "CMYK":
            return CMYK
        return 0.51 if opened.has_transparency_data else 0.0  # how blending is rounded


def tensorflow() -> Any:
    from embedded.without_keras import tf

    return tf


@contextmanager
def quiet() -> Iterator[None]:
    """Without Pillow's warnings of damage."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
