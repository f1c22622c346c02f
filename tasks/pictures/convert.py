"""Pictures that TensorFlow does not decode, or may not, encoded anew as files that it does."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

from tasks.pictures.kinds import Kind, is_plain, other_kind
from tasks.pictures.pixels import Picture, encoded, examine, opened, orientation, upright

if TYPE_CHECKING:
    from PIL import Image

# Kinds that TensorFlow does not decode and Pillow may, by the suffix of each: Pillow's name, and
# what to encode as. What is lossy and may be large, as a photograph is, becomes JPEG.
FORMATS: dict[str, tuple[str, Kind]] = {
    "webp": ("WEBP", "png"),
    "tiff": ("TIFF", "png"),
    "jp2": ("JPEG2000", "jpeg"),
    "j2k": ("JPEG2000", "jpeg"),
    "avif": ("AVIF", "jpeg"),
    "ppm": ("PPM", "png"),
}
KINDS: dict[str, Kind] = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "jpeg"),
    ".png": "png",
}
SUFFIXES: dict[Kind, str] = {"jpeg": ".jpg", "png": ".png"}
# Pixels that `upright` turns into eight bits of red, green and blue as people see them.
MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "I;16"}


class Converted(Struct, frozen=True):
    """A picture encoded anew.

    Attributes:
        picture: as it is stored in its file.
        content: of the new file, which holds it upright.
        suffix: of the new file's name; that of the old one if it fits.
    """

    picture: Picture
    content: bytes
    suffix: str


def is_convertible(content: bytes) -> bool:
    """Whether the first bytes are of a kind that TensorFlow does not decode, and we may."""
    return other_kind(content)[1] in FORMATS


def converted(content: bytes, suffix: str) -> Converted | None:
    """A picture encoded anew, upright and on white; None if TensorFlow decodes its file.

    Args:
        suffix: of its name, with the full stop; it says what to encode as, if it can.

    Raises:
        ValueError: it is no picture, is damaged, or of a kind that is not read; a clause.
    """
    if is_convertible(content):
        name, kind = FORMATS[other_kind(content)[1]]
        _must_have_shades(content, name)
        with opened(content, name) as found:
            return _encoded_anew(content, found, KINDS.get(suffix.lower(), kind), suffix)
    picture = examine(content)
    if picture.kind == "gif" or is_plain(content, picture.kind):
        return None
    kind = KINDS.get(suffix.lower(), "jpeg" if picture.kind == "jpeg" else "png")
    _must_have_shades(content, "")
    with opened(content) as found:
        return _encoded_anew(content, found, kind, suffix)


def _must_have_shades(content: bytes, name: str) -> None:
    """Refuse pixels of which it is not known how bright they are; `name` as `opened` has it.

    Raises:
        ValueError: they are; a clause.
    """
    with opened(content, name) as found:
        mode = found.mode
    if mode in ("F", "I"):
        raise ValueError("nothing says which of its numbers is white: save it with 8 bits a colour")
    if mode not in MODES:
        raise ValueError(f"its pixels are of Pillow's mode {mode}, which is not converted")


def _encoded_anew(content: bytes, found: Image.Image, kind: Kind, suffix: str) -> Converted:
    found.load()
    digest = hashlib.sha256(content).hexdigest()
    picture = Picture(
        raw=found.size, orientation=orientation(found), kind=kind, sha256=digest, reencoded=True
    )
    fits = KINDS.get(suffix.lower()) == kind
    return Converted(picture, encoded(upright(found), kind), suffix if fits else SUFFIXES[kind])
