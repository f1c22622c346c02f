"""The least that installing takes: its parts, each alone and once, in one thread."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from benchmarks.archives import Made
from benchmarks.measure import median, timed

BLOCK = 1 << 18


def measure(made: Made, folder: Path, rounds: int) -> dict[str, float]:
    """Median seconds of inflating the archive, hashing it, writing (and syncing) what is in it."""
    packed = made.path.read_bytes()
    parts: dict[str, Callable[[], object]] = {
        "inflate": lambda: inflate(packed),
        "sha256": lambda: hashlib.sha256(packed).digest(),
        "write": lambda: write(folder / "floor", made.unpacked, sync=False),
        "write and sync": lambda: write(folder / "floor", made.unpacked, sync=True),
    }
    samples: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(rounds):
        for name, part in parts.items():
            os.sync()
            samples[name].append(timed(part).wall)
    return {name: median(values) for name, values in samples.items()}


def inflate(packed: bytes) -> None:
    """Inflate with ISA-L, block by block, and drop the result."""
    from isal import isal_zlib

    engine = isal_zlib.decompressobj(31)
    for start in range(0, len(packed), BLOCK):
        engine.decompress(packed[start : start + BLOCK])


def write(path: Path, size: int, *, sync: bool) -> None:
    """Write so many bytes, and remove them."""
    block = os.urandom(BLOCK)
    with open(path, "wb", buffering=0) as file:
        for _ in range(size // BLOCK):
            file.write(block)
        if sync:
            os.fsync(file.fileno())
    path.unlink()
