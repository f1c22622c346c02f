"""One picture: what it is, whether it is whole, and the bytes of it that go into a record.

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
from io import BytesIO
from typing import TYPE_CHECKING

from msgspec import Struct

from tasks.pictures.kinds import Kind, kind_of
from tasks.pictures.pixels import SWAPPING, is_transparent, opened, orientation, upright
from tasks.pictures.plain import is_plain

if TYPE_CHECKING:
    from PIL import Image

Size = tuple[int, int]

QUALITY = 95
GREY = (128, 128, 128)  # what JPEG's decoders make of pixels that are missing
END = b"\xff\xd9"


class Picture(Struct, frozen=True):
    """A picture that is whole.

    Attributes:
        raw: (width, height) as stored in the file.
        orientation: 1 to 8, as EXIF has it.
        sha256: of the file.
        reencoded: the record can't hold the file's own bytes.
        ends_early: a JPEG's last pixels are missing, and every decoder shows grey in their place.
    """

    kind: Kind
    raw: Size
    orientation: int
    sha256: str
    reencoded: bool
    ends_early: bool = False

    @property
    def upright(self) -> Size:
        """(width, height) as people see it."""
        width, height = self.raw
        return (height, width) if self.orientation in SWAPPING else (width, height)


def examine(content: bytes) -> Picture:
    """Decode the picture, to know that it is whole. JPEGs are decoded at an eighth of their size,
    for which all of the file is still read.

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
    return Picture(kind, (width, height), turned, hashlib.sha256(content).hexdigest(), odd, short)


def _ends_early(content: bytes, drawn: Image.Image) -> bool:
    """Whether more bytes before the end of a JPEG make another picture of it: the decoder lacked
    them. A whole picture's decoder passes over them. Asked only where the last pixel is grey: a
    progressive file, which lacks detail and no pixels, is not."""
    last = (drawn.size[0] - 1, drawn.size[1] - 1)
    if END not in content or drawn.convert("RGB").getpixel(last) != GREY:
        return False
    at = content.rindex(END)
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
    stream = BytesIO()
    with opened(content) as found:
        pixels = upright(found)
        if picture.kind == "jpeg":
            pixels.save(stream, "JPEG", quality=QUALITY, subsampling=0, exif=b"")
            return stream.getvalue(), "jpeg"
        pixels.info.clear()
        pixels.save(stream, "PNG")
        return stream.getvalue(), "png"


def to_upright(x: float, y: float, raw: Size, orientation: int) -> tuple[float, float]:
    """Where a point of the stored picture lies once it is turned as EXIF says."""
    width, height = raw
    if orientation in (2, 3, 7, 8):
        x = width - x
    if orientation in (3, 4, 6, 7):
        y = height - y
    return (y, x) if orientation in SWAPPING else (x, y)
