"""Pictures: their kinds, whether they are whole, and what of them goes into a record."""

from __future__ import annotations

import re
import struct
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tasks.pictures import pixels
from tasks.pictures.pixels import examine, stored, to_upright
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
    seen = examine(content)
    assert (seen.kind, seen.upright, seen.reencoded) == (kind.lower(), (64, 48), False)
    assert stored(content, seen) == (content, kind.lower())


@pytest.mark.parametrize(("kind", "mode"), [("GIF", "P"), ("BMP", "P"), ("BMP", "1")])
def test_what_the_api_does_not_take_is_stored_as_png(kind: str, mode: str) -> None:
    content = picture(kind, mode=mode)
    held, stored_kind = stored(content, examine(content))
    assert stored_kind == "png"
    with Image.open(BytesIO(held)) as after, Image.open(BytesIO(content)) as before:
        assert np.array_equal(np.asarray(after), np.asarray(before.convert("RGB")))


def test_of_an_animation_the_first_picture_is_stored() -> None:
    stream = BytesIO()
    frames = [Image.new("L", (8, 8), 100 * n) for n in range(3)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    seen = examine(stream.getvalue())
    held, kind = stored(stream.getvalue(), seen)
    assert (kind, seen.upright) == ("png", (8, 8))
    with Image.open(BytesIO(held)) as after:
        assert after.getcolors() == [(64, (0, 0, 0))]


def test_damage_behind_the_first_picture_of_an_animation_does_not_matter() -> None:
    stream = BytesIO()
    frames = [Image.effect_noise((64, 64), 50 + n) for n in range(3)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    content = stream.getvalue()[:-3000]
    assert stored(content, examine(content))[1] == "png"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_is_stored_upright(orientation: int) -> None:
    content = turned(orientation)
    seen = examine(content)
    held, kind = stored(content, seen)
    with Image.open(BytesIO(content)) as opened:
        wanted = np.asarray(ImageOps.exif_transpose(opened), np.int16)
    with Image.open(BytesIO(held)) as after:
        assert after.size == seen.upright == wanted.shape[1::-1]
        assert after.getexif().get(pixels.ORIENTATION, 1) == 1
        assert np.abs(np.asarray(after, np.int16) - wanted).mean() < 3
    assert kind == "jpeg"
    assert (held == content) == (orientation == 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_point_is_turned_with_its_picture(orientation: int) -> None:
    raw = np.zeros((48, 64), np.uint8)
    raw[10:12, 50:52] = 255
    exif = Image.Exif()
    exif[pixels.ORIENTATION] = orientation
    stream = BytesIO()
    Image.fromarray(raw).save(stream, "PNG", exif=exif)
    with Image.open(stream) as opened:
        upright = np.asarray(ImageOps.exif_transpose(opened))
    rows, columns = np.nonzero(upright)
    x, y = to_upright(51, 11, (64, 48), orientation)
    assert (x, y) == (columns.mean() + 0.5, rows.mean() + 0.5)


def test_an_orientation_that_exif_does_not_know_is_none() -> None:
    assert examine(turned(99)).orientation == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_a_picture_cut_short_is_damaged(kind: str) -> None:
    content = picture(kind, (200, 200), mode="P" if kind == "GIF" else "RGB")
    with pytest.raises(ValueError, match="damaged"):
        examine(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello", "not a PNG, JPEG, GIF or BMP"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP, which TensorFlow does not decode"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "convert it to JPEG or PNG"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypheix\0\0\0\0mif1heix", "`magick name.heic name.jpg`"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"MM\0*" + bytes(20), "TIFF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x0a" + bytes(20), "JPEG XL"),
        (b"II*\0" + bytes(20), "TIFF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "damaged"),
    ],
)
def test_what_is_no_picture_is_said_to_be_none(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        examine(content)


def test_a_picture_of_too_many_pixels_is_refused_by_its_header() -> None:
    small = picture("BMP")
    content = small[:18] + (20_000).to_bytes(4, "little") * 2 + small[26:]
    with pytest.raises(ValueError, match="too many"):
        examine(content)


@given(st.sampled_from(["PNG", "JPEG", "GIF", "BMP"]), st.data())
def test_damage_does_no_worse_than_a_value_error(kind: str, data: st.DataObject) -> None:
    content = bytearray(picture(kind, mode="P" if kind == "GIF" else "RGB"))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        stored(bytes(content), examine(bytes(content)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_png_is_stored_upright_to_the_last_shade(orientation: int) -> None:
    exif = Image.Exif()
    exif[pixels.ORIENTATION] = orientation
    content = picture(exif=exif)
    held, kind = stored(content, examine(content))
    with Image.open(BytesIO(content)) as opened, Image.open(BytesIO(held)) as after:
        assert np.array_equal(np.asarray(after), np.asarray(ImageOps.exif_transpose(opened)))
        assert after.size == examine(content).upright
    assert (kind, held == content) == ("png", orientation == 1)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("PNG", "LA"), ("GIF", "RGBA")])
def test_what_is_transparent_is_stored_white(kind: str, mode: str) -> None:
    drawn = Image.new("RGBA", (8, 8), (200, 10, 10, 255))
    drawn.paste((10, 20, 30, 0), (0, 0, 4, 8))
    stream = BytesIO()
    drawn.convert(mode).save(stream, kind)
    held, _ = stored(stream.getvalue(), examine(stream.getvalue()))
    with Image.open(BytesIO(held)) as after:
        assert after.mode == "RGB"
        assert after.getpixel((1, 1)) == (255, 255, 255)
        assert after.getpixel((6, 1)) != (255, 255, 255)


def test_a_transparent_shade_of_few_bits_is_found() -> None:
    for bits, row in ((2, b"\xff\0"), (4, b"\xff\xff\0\0")):
        made = png(8, 8, bits, b"\0" + row, transparent=2**bits - 1)
        with pixels.opened(made) as opened:
            assert pixels.is_transparent(opened)
        made = png(8, 8, bits, b"\0" + row, transparent=1)
        with pixels.opened(made) as opened:
            assert not pixels.is_transparent(opened)


def png(width: int, height: int, bits: int, row: bytes, *, transparent: int) -> bytes:
    """A grey PNG of equal rows with a transparent shade."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)),
            chunk(b"tRNS", struct.pack(">H", transparent)),
            chunk(b"IDAT", zlib.compress(row * height)),
            chunk(b"IEND", b""),
        )
    )


def test_exif_that_is_damaged_turns_nothing_and_stops_nothing() -> None:
    for exif in (b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"\0" * 30):
        for kind in ("PNG", "JPEG"):
            seen = examine(picture(kind, exif=exif))
            assert (seen.orientation, seen.reencoded) == (1, False)


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_whose_pixels_end_early_is_noticed(mode: str, options: dict[str, int]) -> None:
    stream = BytesIO()
    Image.effect_noise((160, 120), 60).convert(mode).save(stream, "JPEG", **options)
    whole = stream.getvalue()
    assert not examine(whole).ends_early
    start = whole.index(b"\xff\xda") + 12
    cut = whole[: start + (len(whole) - start) // 2] + b"\xff\xd9"
    assert examine(cut).ends_early
    stream = BytesIO()
    Image.new(mode, (160, 120), "#808080").save(stream, "JPEG", **options)
    assert not examine(stream.getvalue()).ends_early  # grey, and whole
