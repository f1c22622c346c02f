"""What a picture looks like, in 128 bits: of two that people take for the same, few bits differ.

The difference hash: of a picture shrunk to 9 by 9 shades of grey, whether each is darker than the
one to its right, and than the one below it. Other sizes, encodings and qualities of a picture, and
the next frame of a film, change few of them.
"""

from __future__ import annotations

from tasks.pictures.pixels import opened, upright

SIDE = 9
EIGHTH = 8  # a JPEG is decoded at an eighth of its size, which is enough and quick
LEAST = 72  # pixels a side, or smaller ones would differ from what the whole picture shrinks to


def look_of(content: bytes) -> int:
    """The difference hash of a picture as people see it.

    Raises:
        ValueError: it is not a picture that can be decoded; a clause.
    """
    import dhash
    from PIL import Image

    with opened(content) as picture:
        width, height = picture.size
        picture.draft(None, (max(LEAST, width // EIGHTH), max(LEAST, height // EIGHTH)))
        small = upright(picture).convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return int(dhash.dhash_int(tuple(small.tobytes())))
