"""Pictures of all kinds, and what is none."""

from __future__ import annotations

import base64
import hashlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tasks.pages.thumbnails import LONGEST, Thumbnail, from_bytes, thumbnail
from tests.support.annotated import picture, turned


def opened(made: Thumbnail) -> Image.Image:
    kind, _, encoded = made.address.partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(BytesIO(base64.b64decode(encoded)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF"])
def test_every_kind_becomes_a_jpeg(kind: str) -> None:
    made = from_bytes(picture(kind))
    assert opened(made).size == made.size == (64, 48)
    assert opened(made).getpixel((5, 5)) == pytest.approx((254, 0, 0), abs=6)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_so_does_every_mode(mode: str) -> None:
    stream = BytesIO()
    Image.new("RGB", (8, 8), (200, 200, 200)).convert("L").convert(mode).save(
        stream, "JPEG" if mode == "CMYK" else "PNG"
    )
    assert opened(from_bytes(stream.getvalue())).mode == "RGB"


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    stream = BytesIO()
    Image.new("I;16", (8, 8), 32768).save(stream, "PNG")
    assert opened(from_bytes(stream.getvalue())).getpixel((4, 4)) == pytest.approx(
        (127, 127, 127), abs=3
    )


def test_what_is_transparent_shows_white() -> None:
    stream = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(stream, "PNG")
    assert opened(from_bytes(stream.getvalue())).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_turned_photograph_is_upright(orientation: int) -> None:
    made = from_bytes(turned(orientation))
    assert made.size == ((48, 64) if orientation in (6, 8) else (64, 48))


def test_a_large_picture_is_shrunk() -> None:
    assert from_bytes(picture("JPEG", (2000, 1000))).size == (LONGEST, LONGEST // 2)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"no picture", "it is not a PNG, JPEG, GIF or BMP"),
        (picture()[:60], "it is damaged: image file is truncated"),
        (picture("JPEG")[:300], "it starts as JPEG and is damaged"),
    ],
)
def test_what_is_damaged_has_a_reason_and_no_picture(content: bytes, why: str) -> None:
    assert from_bytes(content) == Thumbnail(missing=why)


def test_a_file_that_is_not_there_has_a_reason(tmp_path: Path) -> None:
    assert thumbnail(tmp_path / "gone.png").missing == "it can't be read: no such file or directory"


def test_a_file_that_is_not_the_one_that_was_measured_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    digest = hashlib.sha256(picture()).hexdigest()
    assert thumbnail(path, digest).address
    path.write_bytes(picture("JPEG"))
    assert thumbnail(path, digest) == Thumbnail(
        missing="it was changed since the networks were run on it"
    )


def test_too_many_pixels_are_not_decoded() -> None:
    stream = BytesIO()
    Image.new("1", (20_000, 6_000)).save(stream, "PNG")
    assert from_bytes(stream.getvalue()).missing == "it has 20000 × 6000 pixels: too many"
