"""Pictures: their kinds, whether they are whole, and what of them goes into a record."""

from __future__ import annotations

import re
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tasks.annotations import pictures
from tests.support.annotated import picture, turned


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "P"),
        ("PNG", "RGBA"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("BMP", "RGB"),
    ],
)
def test_what_tensorflow_decodes_goes_into_the_record_as_it_is(kind: str, mode: str) -> None:
    content = picture(kind, mode=mode)
    seen = pictures.examine(content)
    assert (seen.kind, seen.upright, seen.anew) == (kind.lower(), (64, 48), False)
    assert pictures.stored(content, seen) == (content, kind.lower())


@pytest.mark.parametrize(("kind", "mode"), [("GIF", "P"), ("BMP", "P"), ("BMP", "1")])
def test_what_the_api_does_not_take_is_stored_as_png(kind: str, mode: str) -> None:
    content = picture(kind, mode=mode)
    stored, stored_kind = pictures.stored(content, pictures.examine(content))
    assert stored_kind == "png"
    with Image.open(BytesIO(stored)) as after, Image.open(BytesIO(content)) as before:
        assert np.array_equal(np.asarray(after), np.asarray(before.convert("RGB")))


def test_of_an_animation_the_first_picture_is_stored() -> None:
    stream = BytesIO()
    frames = [Image.new("L", (8, 8), 100 * n) for n in range(3)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    seen = pictures.examine(stream.getvalue())
    assert (seen.frames, seen.upright) == (3, (8, 8))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_is_stored_upright(orientation: int) -> None:
    content = turned(orientation)
    seen = pictures.examine(content)
    stored, kind = pictures.stored(content, seen)
    with Image.open(BytesIO(content)) as opened:
        wanted = np.asarray(ImageOps.exif_transpose(opened), np.int16)
    with Image.open(BytesIO(stored)) as after:
        assert after.size == seen.upright == wanted.shape[1::-1]
        assert after.getexif().get(pictures.ORIENTATION, 1) == 1
        assert np.abs(np.asarray(after, np.int16) - wanted).mean() < 3
    assert kind == "jpeg"
    assert (stored == content) == (orientation == 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_point_is_turned_with_its_picture(orientation: int) -> None:
    raw = np.zeros((48, 64), np.uint8)
    raw[10:12, 50:52] = 255
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = orientation
    stream = BytesIO()
    Image.fromarray(raw).save(stream, "PNG", exif=exif)
    with Image.open(stream) as opened:
        upright = np.asarray(ImageOps.exif_transpose(opened))
    rows, columns = np.nonzero(upright)
    x, y = pictures.to_upright(51, 11, (64, 48), orientation)
    assert (x, y) == (columns.mean() + 0.5, rows.mean() + 0.5)


def test_an_orientation_that_exif_does_not_know_is_none() -> None:
    assert pictures.examine(turned(99)).orientation == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_a_picture_cut_short_is_damaged(kind: str) -> None:
    content = picture(kind, (200, 200), mode="P" if kind == "GIF" else "RGB")
    with pytest.raises(ValueError, match="damaged"):
        pictures.examine(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello", "no PNG, JPEG, GIF or BMP"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP, which TensorFlow does not decode"),
        (b"II*\0" + bytes(20), "TIFF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "damaged"),
    ],
)
def test_what_is_no_picture_is_said_to_be_none(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        pictures.examine(content)


def test_a_picture_of_too_many_pixels_is_refused_by_its_header() -> None:
    small = picture("BMP")
    content = small[:18] + (20_000).to_bytes(4, "little") * 2 + small[26:]
    with pytest.raises(ValueError, match="too many"):
        pictures.examine(content)


@given(st.sampled_from(["PNG", "JPEG", "GIF", "BMP"]), st.data())
def test_damage_does_no_worse_than_a_value_error(kind: str, data: st.DataObject) -> None:
    content = bytearray(picture(kind, mode="P" if kind == "GIF" else "RGB"))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        pictures.stored(bytes(content), pictures.examine(bytes(content)))
