"""A picture as people see it: upright, on white, red, green and blue of eight bits; whether it is
whole, and the bytes of it that go into a record.

TensorFlow knows nothing of EXIF: a photograph that a camera took upright and noted as turned would
be trained on lying on its side. labelImg shows such pictures upright since 2020 (HumanSignal/
labelImg, pull request 650), and so will the record. Nor does it know of transparency: it would take
whatever colours lie hidden there, and people see the ground behind; the record has them on white.

TensorFlow decodes JPEG with a faster and less exact transform than Pillow does, so the same bytes
come out a few shades apart. A record holds them as they are nevertheless: what is trained and what
is measured are both decoded by TensorFlow, and so are equal.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from msgspec import Struct

from tasks.pictures.kinds import Kind, is_plain, kind_of

if TYPE_CHECKING:
    from PIL import Image

Size = tuple[int, int]

LARGEST = 256_000_000
"""Bytes of a file."""
MOST_PIXELS = 100_000_000
LONGEST_SIDE = 1_000_000
"""Pixels: what the PNG library in TensorFlow takes."""
ORIENTATION = 0x0112  # the tag, EXIF 2.3, 4.6.4
SWAPPING = (5, 6, 7, 8)
QUALITY = 95
GREY = (128, 128, 128)  # what JPEG's decoders make of pixels that are missing
END = b"\xff\xd9"
ENDS_EARLY = "its last pixels are missing, and grey stands in their place: was it copied whole?"


class Frame(Struct, frozen=True):
    """What a picture's file says of its size.

    Attributes:
        raw: (width, height) as stored in the file.
        orientation: 1 to 8, as EXIF has it.
    """

    raw: Size
    orientation: int

    @property
    def upright(self) -> Size:
        """(width, height) as people see it."""
        width, height = self.raw
        return (height, width) if self.orientation in SWAPPING else (width, height)


class Picture(Frame, frozen=True):
    """A picture that is whole.

    Attributes:
        sha256: of the file.
        reencoded: the record can't hold the file's own bytes.
        ends_early: a JPEG's last pixels are missing, and every decoder shows grey in their place.
    """

    kind: Kind
    sha256: str
    reencoded: bool
    ends_early: bool = False


def examine(content: bytes, sha256: str = "") -> Picture:
    """Decode the picture, to know that it is whole. JPEGs are decoded at an eighth of their size,
    for which all of the file is still read.

    Args:
        sha256: of the content, where it is known.

    Raises:
        ValueError: it is not a picture, not whole, too large, or of another kind; a clause.
    """
    kind = kind_of(content)
    with opened(content) as picture:
        width, height = picture.size
        picture.draft(None, (max(1, width // 8), max(1, height // 8)))
        picture.load()
        turned = orientation(picture)
        odd = turned != 1 or is_transparent(picture) or not is_plain(content, kind)
        short = kind == "jpeg" and _ends_early(content, picture)
    sha256 = sha256 or hashlib.sha256(content).hexdigest()
    return Picture((width, height), turned, kind, sha256, odd, short)


def _ends_early(content: bytes, drawn: Image.Image) -> bool:
    """Whether more bytes before the end of a JPEG make another picture of it: the decoder lacked
    them. A whole picture's decoder passes over them. Asked only where the last pixel is grey: a
    progressive file, which lacks detail and no pixels, is not."""
    last = (drawn.size[0] - 1, drawn.size[1] - 1)
    at = content.rfind(END)
    if at < 0 or drawn.convert("RGB").getpixel(last) != GREY:
        return False
    with opened(content[:at] + b"\x55" * 4096 + content[at:]) as longer:
        longer.draft(None, drawn.size)
        longer.load()
        return longer.tobytes() != drawn.tobytes()


def stored(content: bytes, picture: Picture) -> tuple[bytes, Kind]:
    """The bytes that go into a record, which TensorFlow decodes to what people see: the file's own
    where it does, else encoded anew (JPEG as JPEG, all else as PNG).

    Raises:
        ValueError: it can't be decoded.
    """
    if not picture.reencoded:
        return content, picture.kind
    kind: Kind = "jpeg" if picture.kind == "jpeg" else "png"
    with opened(content) as found:
        return encoded(upright(found), kind), kind


def encoded(pixels: Image.Image, kind: Kind) -> bytes:
    """Pixels in RGB as a JPEG or PNG file, with nothing beside them."""
    stream = BytesIO()
    if kind == "jpeg":
        pixels.save(stream, "JPEG", quality=QUALITY, subsampling=0, exif=b"")
    else:
        pixels.info.clear()
        pixels.save(stream, "PNG")
    return stream.getvalue()


@contextmanager
def opened(content: bytes, kind: str = "") -> Iterator[Image.Image]:
    """The picture of a file, before a pixel is decoded. `kind` is Pillow's name of a kind that
    TensorFlow does not decode, if it is one.

    Raises:
        ValueError: it is not a picture that TensorFlow decodes, is damaged or too large; or
            what is done within raises anything, for Pillow's decoders raise all kinds.
    """
    kind = kind or kind_of(content)
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
        found = picture.getexif().get(ORIENTATION, 1)
    except Exception:  # of all kinds: the record is damaged, the pixels need not be
        return 1
    return found if found in range(1, 9) else 1


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
        layer = _with_alpha(picture)
        white = Image.new("RGBA", layer.size, "white")
        solid = Image.alpha_composite(white, layer).convert("RGB")
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


def _open(content: bytes, kind: str) -> Image.Image:
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


def to_upright(x: float, y: float, raw: Size, orientation: int) -> tuple[float, float]:
    """Where a point of the stored picture lies once it is turned as EXIF says."""
    width, height = raw
    if orientation in (2, 3, 7, 8):
        x = width - x
    if orientation in (3, 4, 6, 7):
        y = height - y
    return (y, x) if orientation in SWAPPING else (x, y)
