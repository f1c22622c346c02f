"""Pictures that TensorFlow does not decode, encoded anew."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from tasks.pictures.convert import converted, is_convertible
from tasks.pictures.kinds import is_plain
from tests.support.annotated import picture, turned


@pytest.mark.parametrize("kind", ["WEBP", "TIFF", "JPEG2000", "AVIF", "PPM"])
@pytest.mark.parametrize("suffix", [".x", ".png", ".JPG"])
def test_it_becomes_a_file_that_tensorflow_decodes_under_a_name_that_fits(
    kind: str, suffix: str
) -> None:
    content = picture(kind)
    assert is_convertible(content)
    made = converted(content, suffix)
    assert made is not None
    assert is_plain(made.content, made.picture.kind)
    assert made.suffix == (suffix if suffix != ".x" else made.suffix)
    assert made.suffix.lower() == {"png": ".png", "jpeg": ".jpg"}[made.picture.kind]
    with Image.open(BytesIO(made.content)) as again:
        assert again.size == (64, 48)
        red, _, blue = again.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert red > 200 > 50 > blue


def test_it_stands_upright_and_on_white() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = BytesIO()
    Image.new("RGBA", (64, 48), (255, 0, 0, 0)).save(content, "WEBP", lossless=True, exif=exif)
    made = converted(content.getvalue(), ".webp")
    assert made is not None
    assert (made.picture.raw, made.picture.upright) == ((64, 48), (48, 64))
    with Image.open(BytesIO(made.content)) as again:
        assert (again.size, again.mode, again.getpixel((1, 1))) == ((48, 64), "RGB", (255,) * 3)


@pytest.mark.parametrize("content", [picture(), picture("GIF"), turned(6), picture("BMP")])
def test_what_tensorflow_decodes_stays(content: bytes) -> None:
    assert converted(content, ".png") is None


def test_pixels_that_are_no_shades_are_not_guessed_at() -> None:
    content = BytesIO()
    Image.new("F", (4, 4), 0.5).save(content, "TIFF")
    with pytest.raises(ValueError, match=r"^nothing says which of its numbers"):
        converted(content.getvalue(), ".tif")


@pytest.mark.parametrize("kind", ["WEBP", "TIFF"])
def test_a_damaged_one_is_said_to_be_so(kind: str) -> None:
    with pytest.raises(ValueError, match="damaged"):
        converted(picture(kind)[:60], ".x")
