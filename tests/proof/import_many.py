"""A proof that takes minutes: an import of many pictures against reading and decoding them.

    python -m tests.proof.import_many [--pictures 10000] [FORMAT …]

For each format a process of its own imports the same pictures twice; told are its peak memory and
its time, as a multiple of what it takes to read and decode the pictures, first by the clock, then
of the processors, which a busy machine does not change as much.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

from tests.importing.data_sets import imported, lay
from tests.importing.test_round_trip import SIZE, Set, coco, createml, csv, labelme, voc, yolo

EXPORTERS = {one.__name__: one for one in (yolo, coco, labelme, createml, csv, voc)}
Times = tuple[float, float]  # seconds by the clock, and of the processors
DISTINCT = 200  # pictures that are drawn; the others are these with a number behind their end


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", default=list(EXPORTERS), metavar="FORMAT")
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--one", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        _import_twice(*given.one)
        return
    with tempfile.TemporaryDirectory(prefix="import-") as name:
        folder = Path(name)
        boxes = _draw(folder / "pictures", given.pictures)
        floor = _decode(folder / "pictures")
        print(f"{given.pictures} pictures read and decoded: {floor[0]:.1f} s")
        for format in given.formats:
            source = folder / format
            source.mkdir()
            lay(source, EXPORTERS[format](boxes))
            (folder / "pictures").rename(source / "pictures")
            command = [sys.executable, "-m", "tests.proof.import_many", "--one"]
            out = subprocess.run(
                [*command, str(folder / f"{format}-out"), str(source)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            *times, peak = map(float, out.split())
            clock, processors, again, _ = times
            multiples = f"{clock / floor[0]:.2f} and {processors / floor[1]:.2f} times that"
            print(f"{format}: {clock:.1f} s, {multiples}; again {again:.1f} s; {peak:.0f} MB")
            (source / "pictures").rename(folder / "pictures")


def now() -> Times:
    return time.perf_counter(), time.process_time()


def since(begun: Times) -> Times:
    clock, processors = now()
    return clock - begun[0], processors - begun[1]


def _draw(folder: Path, number: int) -> Set:
    """Pictures of noise that JPEG holds in some 20 kB; and three boxes on each."""
    import numpy as np
    from PIL import Image

    from tasks.annotations.voc import Box

    random = np.random.default_rng(0)
    drawn = list[bytes]()
    for _ in range(DISTINCT):
        noise = random.integers(0, 255, (30, 40, 3), dtype=np.uint8)
        stream = BytesIO()
        Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC).save(
            stream, "JPEG", quality=85
        )
        drawn.append(stream.getvalue())
    folder.mkdir()
    names = [f"p{at:06}" for at in range(number)]
    for at, name in enumerate(names):
        (folder / f"{name}.png").write_bytes(drawn[at % DISTINCT] + str(at).encode())
    boxes = (Box("one", 1, 1, 300, 200), Box("zwei", 10, 20, 31, 47), Box("one", 5, 6, 70.25, 80))
    return dict.fromkeys(names, boxes)


def _decode(folder: Path) -> Times:
    """How long it takes to read and decode all of them, one after the other."""
    from tasks.pictures.pixels import opened

    begun = now()
    for path in sorted(folder.iterdir()):
        with opened(path.read_bytes()) as picture:
            picture.load()
    return since(begun)


def _import_twice(out: Path, source: Path) -> None:
    out.mkdir()
    times = list[float]()
    for _ in range(2):
        begun = now()
        done = imported(out, source)
        times += since(begun)
        assert done.result.error is None, done.said
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(*times, peak)


if __name__ == "__main__":
    main()
