"""Pictures small enough to stand within a page."""

from __future__ import annotations

import base64
import hashlib
from io import BytesIO
from pathlib import Path

from msgspec import Struct

from tasks.core.files import open_file
from tasks.pictures.pixels import LARGEST, opened, upright

LONGEST = 640  # pixels of a thumbnail's longer side
QUALITY = 80  # of its JPEG


class Thumbnail(Struct, frozen=True):
    """A small picture: its data: address, and its size in pixels. `address` is "" if there is no
    picture to be made; `missing` then says why, as a clause."""

    address: str = ""
    size: tuple[int, int] = (0, 0)
    missing: str = ""


def thumbnail(path: Path, sha256: str = "") -> Thumbnail:
    """A thumbnail of a file. One that can't be read or decoded has the reason instead, and so has
    one that no longer has this digest: boxes would lie on a picture that no network was run on."""
    try:
        with open_file(path) as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        return Thumbnail(missing=f"it can't be read: {(error.strerror or str(error)).lower()}")
    is_whole = len(content) <= LARGEST
    if sha256 and is_whole and hashlib.sha256(content).hexdigest() != sha256:
        return Thumbnail(missing="it was changed since the networks were run on it")
    return from_bytes(content)


def from_bytes(content: bytes) -> Thumbnail:
    """A thumbnail of a file's content, upright. A JPEG is decoded no larger than needed."""
    from PIL import ImageOps

    stream = BytesIO()
    try:
        with opened(content) as picture:
            picture.draft("RGB", (LONGEST, LONGEST))
            small = upright(picture)
            if max(small.size) > LONGEST:
                small = ImageOps.contain(small, (LONGEST, LONGEST))
            small.save(stream, "JPEG", quality=QUALITY, optimize=True)
    except ValueError as error:
        return Thumbnail(missing=str(error))
    encoded = base64.b64encode(stream.getvalue()).decode()
    return Thumbnail(f"data:image/jpeg;base64,{encoded}", small.size)
