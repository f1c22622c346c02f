"""Pictures of every kind come out as upright RGB of eight bits."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.inference import input_picture
from tasks.inference.channel import FaultError

RED = (250, 10, 10)


def pixel(path: Path, x: int = 0, y: int = 0) -> list[int]:
    opened = input_picture.open_picture(path).pixels
    assert opened.dtype == np.uint8
    assert opened.shape[2] == 3
    return [int(value) for value in opened[y, x]]


def saved(picture: Image.Image, path: Path, **options: object) -> Path:
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


def test_a_grey_picture_gets_three_equal_channels(tmp_path: Path) -> None:
    assert pixel(saved(Image.new("L", (8, 6), 77), tmp_path / "a.png")) == [77, 77, 77]


def test_black_and_white_of_one_bit_is_read(tmp_path: Path) -> None:
    assert pixel(saved(Image.new("1", (8, 6), 1), tmp_path / "a.png")) == [255, 255, 255]


def test_what_is_transparent_shows_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (8, 6), (*RED, 0))
    assert pixel(saved(clear, tmp_path / "a.png")) == [255, 255, 255]
    half = Image.new("LA", (8, 6), (0, 128))
    assert pixel(saved(half, tmp_path / "b.png")) == [127, 127, 127]


def test_a_palette_is_looked_up_and_its_transparent_colour_is_white(tmp_path: Path) -> None:
    picture = Image.new("P", (8, 6), 1)
    picture.putpalette([0, 0, 0, *RED])
    assert pixel(saved(picture, tmp_path / "a.png")) == list(RED)
    assert pixel(saved(picture, tmp_path / "b.png", transparency=1)) == [255, 255, 255]


def test_cmyk_is_converted(tmp_path: Path) -> None:
    picture = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    red, green, blue = pixel(saved(picture, tmp_path / "a.jpg"))
    assert red > 200
    assert max(green, blue) < 80


def test_sixteen_bits_become_eight_by_scale_not_by_cutting(tmp_path: Path) -> None:
    values = np.array([[0, 257 * 100, 65535]], np.uint16)
    path = saved(Image.fromarray(values), tmp_path / "a.png")
    assert [pixel(path, x)[0] for x in range(3)] == [0, 100, 255]


@pytest.mark.parametrize("kind", ["tiff", "webp"])
def test_what_training_can_not_decode_is_named_with_what_to_do(tmp_path: Path, kind: str) -> None:
    path = saved(Image.new("RGB", (8, 6)), tmp_path / f"a.{kind}")
    with pytest.raises(FaultError) as caught:
        input_picture.open_picture(path)
    name = {"tiff": "TIFF", "webp": "WebP"}[kind]
    assert f"the picture {path} can't be used: it is {name}, which" in caught.value.why
    assert f"convert it to JPEG or PNG, say by `magick name.{kind} " in caught.value.why


def test_a_photograph_of_a_phone_in_heic_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    with pytest.raises(FaultError, match=r"it is HEIC, .*magick name\.heic name\.jpg"):
        input_picture.open_picture(path)


def test_the_picture_is_turned_as_its_exif_record_says(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), "blue")
    picture.paste(RED, (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by 90 degrees: the left half ends up on top
    path = saved(picture, tmp_path / "a.jpg", exif=exif, quality=95)
    subject = input_picture.open_picture(path)
    assert subject.info.size == (20, 40)
    assert pixel(path, 10, 5)[0] > 200
    assert pixel(path, 10, 35)[2] > 200


def test_the_file_is_known_by_its_digest(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (8, 6)), tmp_path / "a.png")
    shown = input_picture.open_picture(path).info
    assert shown.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (shown.size, shown.run_size) == ((8, 6), (8, 6))


def test_a_very_large_picture_is_run_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_picture, "LONGEST_SIDE", 50)
    shown = input_picture.open_picture(saved(Image.new("RGB", (200, 100)), tmp_path / "a.png")).info
    assert (shown.size, shown.run_size) == ((200, 100), (50, 25))


def claiming(path: Path, width: int, height: int) -> Path:
    """A PNG file whose header claims this size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + bytes(4) + b"IDAT" + b"\x35\xaf\x06\x1e")
    return path


def test_too_many_pixels_are_refused_before_one_is_decoded(tmp_path: Path) -> None:
    path = claiming(tmp_path / "bomb.png", 20_000, 6_000)
    with pytest.raises(FaultError, match="20000 × 6000 pixels"):
        input_picture.open_picture(path)


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    path = claiming(tmp_path / "bomb.png", 60_000, 60_000)
    with pytest.raises(FaultError, match="too large"):
        input_picture.open_picture(path)


@pytest.mark.parametrize("kind", ["png", "jpg", "tiff", "gif", "webp"])
def test_a_picture_that_is_cut_off_is_told(tmp_path: Path, kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    path = saved(Image.fromarray(noise), tmp_path / f"a.{kind}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FaultError, match=str(path)):
        input_picture.open_picture(path)


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", b"\x89PNG\r\n\x1a\n" + b"x" * 40]
)
def test_what_is_no_picture_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(FaultError, match=r"a\.png"):
        input_picture.open_picture(path)


def test_a_folder_or_a_missing_file_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.png"):
        with pytest.raises(FaultError, match="can't be read"):
            input_picture.open_picture(path)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (300, 300), (1024, 636), (1, 1)])
def test_the_second_picture_has_other_proportions_and_is_not_square(size: tuple[int, int]) -> None:
    height, width = input_picture.other_shape(np.zeros((size[1], size[0], 3), np.uint8)).shape[:2]
    assert height != width
    assert abs(width / height - size[0] / size[1]) > 0.2


def test_a_drawn_scene_knows_what_it_shows() -> None:
    subject = input_picture.draw_scene(4_000_009, (320, 240))
    assert subject.pixels.shape == (240, 320, 3)
    assert subject.boxes is not None
    assert len(subject.boxes) == len(subject.names) > 0
    assert 0 <= subject.boxes.min() < subject.boxes.max() <= 1
