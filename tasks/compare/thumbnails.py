"""Pictures as the page holds them: upright, small, as JPEG within a data: address."""

from __future__ import annotations

import base64
import hashlib
import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from PIL import Image

LONGEST = 640
QUALITY = 80
LARGEST = 256_000_000


class Thumbnail(Struct, frozen=True):
    """A small picture: its data: address, and its size in pixels.

    `address` is "" if there is no picture to be made; `missing` then says why, as a clause.
    """

    address: str = ""
    size: tuple[int, int] = (0, 0)
    missing: str = ""


def thumbnail(path: Path, sha256: str = "") -> Thumbnail:
    """A thumbnail of a file; one that can't be read or decoded, or is no longer the one of this
    digest, has its reason instead: boxes would lie on a picture that no network saw."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        return Thumbnail(missing=f"it can't be read: {(error.strerror or str(error)).lower()}")
    if len(content) > LARGEST:
        return Thumbnail(missing=f"it is larger than {LARGEST // 1_000_000} MB")
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        return Thumbnail(missing="it was changed since the networks were run on it")
    return from_bytes(content)


def from_bytes(content: bytes) -> Thumbnail:
    """The same of a file's content."""
    from PIL import Image

    from tasks.engine.pictures import MOST_PIXELS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the limit is ours, below
        try:
            with Image.open(BytesIO(content)) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    return Thumbnail(missing="it has too many pixels")
                return from_picture(opened)
        except Exception:  # Pillow's decoders raise all kinds for damaged files
            return Thumbnail(missing="it is no picture, or is damaged")


def from_picture(opened: Image.Image) -> Thumbnail:
    """The same of an opened picture. A JPEG is decoded no larger than needed."""
    from PIL import ImageOps

    from tasks.engine.pictures import to_rgb

    opened.draft("RGB", (LONGEST, LONGEST))
    picture = to_rgb(ImageOps.exif_transpose(opened))
    if max(picture.size) > LONGEST:
        picture = ImageOps.contain(picture, (LONGEST, LONGEST))
    stream = BytesIO()
    picture.save(stream, "JPEG", quality=QUALITY, optimize=True)
    encoded = base64.b64encode(stream.getvalue()).decode()
    return Thumbnail(f"data:image/jpeg;base64,{encoded}", picture.size)
