"""Real handwriting: the 8x8 digits that scikit-learn ships, smoothed and inked.

Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
Learning Repository, 1998, https://doi.org/10.24432/C50P49, licence CC BY 4.0; its test part of
1,797 digits is scikit-learn's `load_digits`. Nothing of it is stored in this repository.
"""

from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from embedded import LABELS
from embedded.handwriting import SIDE, Ink, Writer
from embedded.splits import Split


def real_writer(split: Split) -> Writer:
    """A writer that copies the digits of a split; needs scikit-learn (ImportError without)."""
    by_label = _samples(split.real_digits)

    def write(label: str, rng: np.random.Generator) -> Ink:
        samples = by_label[label]
        return ink(samples[int(rng.integers(len(samples)))], rng)

    return write


@cache
def _samples(rows: tuple[int, int]) -> dict[str, Any]:
    """The 8x8 pictures (float 0..16) of some rows by label."""
    from sklearn.datasets import load_digits  # only this kind of handwriting needs it

    pictures, digits = load_digits(return_X_y=True)
    part = slice(*rows)
    return {
        label: pictures[part][digits[part] == value].reshape(-1, 8, 8)
        for value, label in enumerate(LABELS, start=1)
    }


def ink(sample: Any, rng: np.random.Generator) -> Ink:
    """One 8x8 picture (0..16) as a sheet, uint8 [96, 96]: enlarged, slanted, cut at a grey."""
    padded = np.zeros((12, 12), np.float32)
    padded[2:10, 2:10] = np.asarray(sample, np.float32) / 16.0
    side = SIDE * 12 // 10
    big = Image.fromarray(padded).resize((side, side), Image.Resampling.BICUBIC)
    turned = big.transform(
        (SIDE, SIDE), Image.Transform.AFFINE, _hand(rng, side), Image.Resampling.BILINEAR
    )
    grey, softness = rng.uniform(0.48, 0.64), rng.uniform(0.05, 0.14)
    level = np.clip((np.asarray(turned) - grey) / softness + 0.5, 0, 1)
    return (level * 255).astype(np.uint8)


def _hand(rng: np.random.Generator, side: int) -> tuple[float, ...]:
    """Chance slant, turn and stretch about the middle, as Pillow wants it (out to in)."""
    turn, slant = rng.normal(0, 0.08), rng.normal(0, 0.1)
    wide, tall = rng.uniform(0.85, 1.2), rng.uniform(0.95, 1.1)
    a, b = np.cos(turn) * wide, (slant - np.sin(turn)) * tall
    d, e = np.sin(turn) * wide, np.cos(turn) * tall
    inner, outer = side / 2, SIDE / 2
    return (a, b, inner - (a + b) * outer, d, e, inner - (d + e) * outer)
