"""A picture as people see it: upright, on white, red, green and blue of eight bits."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from tasks.pictures.kinds import Kind, kind_of

if TYPE_CHECKING:
    from PIL import Image

LARGEST = 256_000_000
"""Bytes of a file."""
MOST_PIXELS = 100_000_000
LONGEST_SIDE = 1_000_000
"""Pixels: what the PNG library in TensorFlow takes."""
ORIENTATION = 0x0112  # the tag, EXIF 2.3, 4.6.4
SWAPPING = (5, 6, 7, 8)


@contextmanager
def opened(content: bytes) -> Iterator[Image.Image]:
    """The picture of a file, before a pixel is decoded.

    Raises:
        ValueError: it is not a picture that TensorFlow decodes, is damaged or too large; or
            what is done within raises anything, for Pillow's decoders raise all kinds.
    """
    kind = kind_of(content)
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the limits are ours
        with _open(content, kind) as picture:
            try:
                yield picture
            except Exception as error:
                why = str(error).partition(" (")[0]
                raise ValueError(f"it is damaged: {why}" if why else "it is damaged") from error


def orientation(picture: Image.Image) -> int:
    """1 to 8, as EXIF or XMP has it, whatever the kind of the file; 1 if that can't be read.

    Of a PNG, the pixels are decoded: its EXIF may come behind them.
    """
    try:
        told = picture.getexif().get(ORIENTATION, 1)
    except Exception:  # of all kinds: the record is damaged, the pixels need not be
        return 1
    return told if told in range(1, 9) else 1


def upright(picture: Image.Image) -> Image.Image:
    """The pixels: turned, in RGB, and white where they are transparent. Of an animation, the first
    picture; colour profiles do not count, as in TensorFlow.

    Raises:
        OSError: or any other that Pillow raises for a damaged file.
    """
    from PIL import Image

    picture.load()
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    if is_transparent(picture):
        seen = _with_alpha(picture)
        ground = Image.new("RGBA", seen.size, "white")
        solid = Image.alpha_composite(ground, seen).convert("RGB")
    else:
        solid = _opaque(picture)
    turn = turns.get(orientation(picture))
    return solid if turn is None else solid.transpose(turn)


def is_transparent(picture: Image.Image) -> bool:
    """Whether any pixel is less than opaque."""
    if not picture.has_transparency_data:
        return False
    low, _ = _with_alpha(picture).getchannel("A").getextrema()
    return bool(low != 255)


def _open(content: bytes, kind: Kind) -> Image.Image:
    """Open with the decoder of that kind and no other."""
    from PIL import Image

    try:
        picture = Image.open(BytesIO(content), formats=(kind.upper(),))
    except Image.DecompressionBombError as error:
        raise ValueError("it is too large: it has too many pixels") from error
    except Exception as error:  # Pillow's decoders raise all kinds for damaged files
        raise ValueError(f"it starts as {kind.upper()} and is damaged") from error
    width, height = picture.size
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise ValueError(f"it has {width} × {height} pixels: too many")
    if kind == "png":
        _scale_transparent_colour(picture, bits=content[24])
    return picture


def _scale_transparent_colour(picture: Image.Image, bits: int) -> None:
    """Pillow has a PNG's pixels in eight bits, and its transparent colour in the file's own."""
    colour = picture.info.get("transparency")
    if picture.mode == "L" and isinstance(colour, int):
        most = 2**bits - 1
        picture.info["transparency"] = (colour & most) * 255 // most
    elif picture.mode == "RGB" and isinstance(colour, tuple):
        picture.info["transparency"] = tuple(value >> bits - 8 & 255 for value in colour)


def _with_alpha(picture: Image.Image) -> Image.Image:
    if picture.mode != "I;16" or "transparency" not in picture.info:
        return picture.convert("RGBA")
    clear = picture.info["transparency"]
    opaque = picture.convert("I").point([255 * (value != clear) for value in range(65536)], "L")
    solid = _opaque(picture)
    solid.putalpha(opaque)
    return solid


def _opaque(picture: Image.Image) -> Image.Image:
    """Of sixteen bits of grey the upper eight, as TensorFlow takes them; Pillow cuts them off."""
    if picture.mode == "I;16":
        picture = picture.convert("I").point([value >> 8 for value in range(65536)], "L")
    return picture.convert("RGB")
