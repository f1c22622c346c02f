"""A proof that takes minutes: many pictures imported, made into records and looked at.

    python -m tests.proof.look_many [--pictures 10000]

JPEGs of 640 × 480 are drawn, annotated in a CSV table. Then, each in a process of its own: all are
read and decoded on all processors, which is the floor; imported; made into records; looked at; and
records and look are asked for again. Told are the time by the clock, also as a multiple of the
floor, and the peak memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

from tasks.core.paths import Workspace
from tasks.look import step as look
from tasks.pictures.pixels import opened
from tasks.pipeline.job import ProjectJob, Silent
from tasks.records import step as records
from tests.importing.data_sets import imported, lay
from tests.support.projects import project_job, scaffold

SIZE = (640, 480)
DISTINCT = 200
"""Pictures that are drawn; the others are these with a number behind their end."""
COLUMNS = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
BOXES = ("one,1,1,300,200", "two,10,20,31,47", "one,5,6,70.25,80")
STEPS = {"records": records, "look": look}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        stage, folder = given.one
        began = time.perf_counter()
        STAGES[stage](Path(folder))
        print(time.perf_counter() - began, _peak())
        return
    with tempfile.TemporaryDirectory(prefix="look-") as folder:
        _draw(Path(folder) / "source", given.pictures)
        floor, total = 0.0, 0.0
        for stage in STAGES:
            command = [sys.executable, "-m", "tests.proof.look_many", "--one", stage, folder]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            seconds, peak = map(float, done.stdout.split())
            floor = floor or seconds
            total += 0 if stage == "decode" else seconds
            print(f"{stage:14}{seconds:7.1f} s {seconds / floor:6.2f} times {peak:6.0f} MB")
        print(f"all but decode{total:7.1f} s {total / floor:6.2f} times")


def _draw(folder: Path, number: int) -> None:
    """Pictures of noise that JPEG holds in some 60 kB, with three boxes each."""
    import numpy as np
    from PIL import Image

    random, drawn = np.random.default_rng(0), list[bytes]()
    for _ in range(DISTINCT):
        noise = Image.fromarray(random.integers(0, 255, (60, 80, 3), dtype=np.uint8))
        stream = BytesIO()
        noise.resize(SIZE, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=85)
        drawn.append(stream.getvalue())
    names = [f"p{at:06}.jpg" for at in range(number)]
    rows = [f"{name},640,480,{box}\n" for name in names for box in BOXES]
    pictures = {name: drawn[at % DISTINCT] + str(at).encode() for at, name in enumerate(names)}
    lay(folder, pictures | {"boxes.csv": COLUMNS + "".join(rows)})


def _peak() -> float:
    """The most memory that this process had, in megabytes."""
    status = Path("/proc/self/status").read_text()  # getrusage counts the parent's in
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def _decode(folder: Path) -> None:
    def decode(path: Path) -> None:
        with opened(path.read_bytes()) as picture:
            picture.load()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(decode, sorted((folder / "source").glob("*.jpg"))))


def _import(folder: Path) -> None:
    done = imported(folder, folder / "source", options={"into": "train"})
    assert done.result.error is None, done.said


def _step(name: str) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        outcome = STEPS[name].run(_job(folder), Silent())
        print(outcome.note, file=sys.stderr)

    return run


def _again(folder: Path) -> None:
    job = _job(folder)
    assert [step.why_stale(job) for step in STEPS.values()] == [None, None]


def _job(folder: Path) -> ProjectJob:
    job = project_job(Workspace(folder / "workspace"))
    scaffold(job)
    return job


STAGES: dict[str, Callable[[Path], None]] = {
    "decode": _decode,
    "import": _import,
    "records": _step("records"),
    "look": _step("look"),
    "nothing to do": _again,
}


if __name__ == "__main__":
    main()
