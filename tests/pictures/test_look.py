"""Which pictures look alike, by the bits in which their hashes differ."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from tasks.annotations.alike import NEAR
from tasks.pictures.look import look_of


def drawn(size: tuple[int, int], grain: tuple[int, int], seed: int) -> Image.Image:
    """A picture of soft spots, so many to each side."""
    import numpy as np

    spots = np.random.default_rng(seed).integers(0, 256, (grain[1], grain[0], 3), dtype=np.uint8)
    return Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC)


def jpeg(picture: Image.Image, quality: int) -> bytes:
    stream = BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def difference(one: bytes, other: bytes) -> int:
    return (look_of(one) ^ look_of(other)).bit_count()


@pytest.mark.parametrize("size", [(100, 75), (200, 150), (320, 240), (640, 480)])
@pytest.mark.parametrize("grain", [(8, 6), (16, 12), (40, 30)])
def test_a_copy_of_half_the_size_and_less_quality_looks_alike(
    size: tuple[int, int], grain: tuple[int, int]
) -> None:
    for seed in range(10):
        picture = drawn(size, grain, seed)
        half = picture.resize((size[0] // 2, size[1] // 2))
        assert difference(jpeg(picture, 75), jpeg(half, 60)) <= NEAR


def test_other_pictures_do_not_look_alike() -> None:
    looks = [look_of(jpeg(drawn((200, 150), (16, 12), seed), 75)) for seed in range(20)]
    others = [(a ^ b).bit_count() for n, a in enumerate(looks) for b in looks[:n]]
    assert min(others) > NEAR
