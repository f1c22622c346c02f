"""One picture: what it is, whether it is whole, and the bytes of it that go into a record.

The Object Detection API decodes with TensorFlow: JPEG, PNG, and BMP of 24 bits come out as
[height, width, 3]. A GIF comes out with one dimension more, which the API's input pipeline does not
take, and of a BMP with a palette the numbers come out instead of the colours; such pictures are
stored as PNG of the same pixels.

TensorFlow knows nothing of EXIF: a photograph that a camera took upright and noted as turned would
be trained on lying on its side. labelImg shows such pictures upright since 2020 (HumanSignal/
labelImg, pull request 650), and so will the record: a turned JPEG is stored upright, encoded anew.
"""

from __future__ import annotations

import hashlib
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from PIL import Image

Kind = Literal["jpeg", "png", "gif", "bmp"]
Size = tuple[int, int]

LARGEST = 256_000_000
MOST_PIXELS = 100_000_000
ORIENTATION = 0x0112  # the tag, EXIF 2.3, 4.6.4
SWAPPING = (5, 6, 7, 8)
QUALITY = 95
MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
)
# Pictures that are common and that TensorFlow does not decode: offset, bytes, name.
OTHERS = (
    (8, b"WEBP", "WebP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (4, b"ftyphei", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftypavif", "AVIF"),
    (0, b"%PDF", "PDF"),
    (0, b"version https://git-lfs", "a Git LFS pointer"),
)


class Picture(Struct, frozen=True):
    """A picture that is whole.

    Attributes:
        raw: (width, height) as stored in the file, which is what TensorFlow sees.
        orientation: 1 to 8, as EXIF has it; 1 for all but JPEG.
        sha256: of the file.
        anew: the record can't hold the file's own bytes.
        frames: more than 1 if it is animated; the record holds the first.
    """

    kind: Kind
    raw: Size
    orientation: int
    sha256: str
    anew: bool
    frames: int = 1

    @property
    def upright(self) -> Size:
        """(width, height) as people see it."""
        width, height = self.raw
        return (height, width) if self.orientation in SWAPPING else (width, height)


def kind_of(content: bytes) -> Kind:
    """The kind of a picture by its first bytes: TensorFlow does not look at names either.

    Raises:
        ValueError: it is none that TensorFlow decodes.
    """
    for magic, kind in MAGIC:
        if content.startswith(magic):
            return kind
    for offset, magic, name in OTHERS:
        if content[offset : offset + len(magic)] == magic:
            raise ValueError(f"it is {name}, which TensorFlow does not decode")
    raise ValueError("it is empty" if not content else "it is no PNG, JPEG, GIF or BMP")


def examine(content: bytes) -> Picture:
    """Decode the picture, to know that it is whole. JPEGs are decoded at an eighth of their size,
    for which all of the file is still read.

    Raises:
        ValueError: it is not a picture, not whole, too large, or of another kind.
    """
    kind = kind_of(content)
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the limit is ours, below
        with _open(content, kind) as picture:
            width, height = picture.size
            frames = int(getattr(picture, "n_frames", 1)) if kind == "gif" else 1
            picture.draft(None, (max(1, width // 8), max(1, height // 8)))
            turned = picture.getexif().get(ORIENTATION, 1) if kind == "jpeg" else 1
            _load(picture)
    orientation = turned if turned in range(1, 9) else 1
    odd = kind == "gif" or (kind == "bmp" and not _is_plain_bmp(content))
    digest = hashlib.sha256(content).hexdigest()
    return Picture(kind, (width, height), orientation, digest, odd or orientation != 1, frames)


def stored(content: bytes, picture: Picture) -> tuple[bytes, Kind]:
    """The bytes that go into a record, upright: the file's own where TensorFlow decodes them to
    what people see, else encoded anew (JPEG as JPEG, all else as PNG).

    Raises:
        ValueError: it can't be decoded.
    """
    if not picture.anew:
        return content, picture.kind
    from PIL import ImageOps

    stream = BytesIO()
    with _open(content, picture.kind) as opened:
        _load(opened)
        if picture.kind == "jpeg":
            upright = ImageOps.exif_transpose(opened).convert("RGB")
            upright.save(stream, "JPEG", quality=QUALITY, subsampling=0, exif=b"")
            return stream.getvalue(), "jpeg"
        opened.convert("RGB").save(stream, "PNG")
        return stream.getvalue(), "png"


def to_upright(x: float, y: float, raw: Size, orientation: int) -> tuple[float, float]:
    """Where a point of the stored picture lies once it is turned as EXIF says."""
    width, height = raw
    if orientation in (2, 3, 7, 8):
        x = width - x
    if orientation in (3, 4, 6, 7):
        y = height - y
    return (y, x) if orientation in SWAPPING else (x, y)


def _open(content: bytes, kind: Kind) -> Image.Image:
    """Open with the decoder of that kind and no other."""
    from PIL import Image

    try:
        picture = Image.open(BytesIO(content), formats=(kind.upper(),))
    except Image.DecompressionBombError as error:
        raise ValueError("it has too many pixels") from error
    except Exception as error:  # Pillow's decoders raise all kinds for damaged files
        raise ValueError(f"it starts as {kind.upper()} and is damaged") from error
    if picture.width * picture.height > MOST_PIXELS:
        raise ValueError(f"it has {picture.width} × {picture.height} pixels: too many")
    return picture


def _load(picture: Image.Image) -> None:
    try:
        picture.load()
    except Exception as error:
        raise ValueError(f"it is damaged: {str(error).partition(' (')[0]}") from error


def _is_plain_bmp(content: bytes) -> bool:
    """24 bits, uncompressed, with a header as of Windows 3: what TensorFlow reads."""
    header = int.from_bytes(content[14:18], "little")
    bits, packed = content[28:30], content[30:34]
    return header >= 40 and bits == b"\x18\0" and packed == bytes(4)
