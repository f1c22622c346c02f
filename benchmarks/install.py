"""Installing a network: from an address to files under pre-trained/."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks import floor
from benchmarks.archives import Made
from benchmarks.machine import sha_instructions
from benchmarks.measure import Contender, Sample, environment, interleave, median, process
from benchmarks.room import Room
from benchmarks.table import Goal, Row, Section, goal, ratio, rows, seconds
from benchmarks.workspaces import Place, fresh

TUTORIAL = "`wget` && `tar xzf` && `rm`"
OURS = "`doit extract:…`, a whole process"
LIMITS = {True: 0.6, False: 1.0, None: 1.0}  # with instructions for SHA, without, not known
FLOOR, FLOOR_LIMIT = "inflate + sha256 + write, one after the other", 1.6
STEPS = "the same three steps, without starting Python and doit"

THREE_STEPS = """
import sys, time
from pathlib import Path
from tasks.pipeline.job import NetworkJob, Silent
from tasks.core.paths import Workspace
from tasks.wiring.registry import BY_NAME
from tasks.wiring.start import start
workspace = Workspace(Path())
config = start(workspace)
job = NetworkJob(config, workspace, network=config.networks[sys.argv[1]])
for step in ("download", "verify", "extract"):
    began = time.perf_counter()
    BY_NAME[step].work().run(job, Silent())
    print(step, time.perf_counter() - began)
"""

POOCH = """
import sys, time
began = time.perf_counter()
import pooch
call = time.perf_counter()
pooch.retrieve(sys.argv[1], known_hash=None, path=".", processor=pooch.Untar(extract_dir="net"))
print("call", time.perf_counter() - call)
"""

KERAS = """
import sys, time
import keras
call = time.perf_counter()
keras.utils.get_file(origin=sys.argv[1], extract=True, cache_dir=".")
print("call", time.perf_counter() - call)
"""


def section(room: Room, rounds: int) -> Section:
    """All contenders in turn, and below them the least that the work takes."""
    made = room.archive(200)
    with room.serving(made.path.parent) as address:
        url = f"{address}/{made.path.name}"
        contenders = [*by_hand(room, url), *_by_library(room, url), *_ours(room, url, made)]
        samples = interleave(contenders, rounds, room.say)
    samples = samples | _calls(samples)
    table = rows(samples, TUTORIAL, remarks=_remarks(samples))
    title = f"Install {made.packed / 1e6:.0f} MB ({made.unpacked / 1e6:.0f} MB unpacked), cold"
    steps = median([sample.wall for sample in samples[STEPS]])
    limit, what = LIMITS[sha_instructions()], f"Install {made.packed / 1e6:.0f} MB, cold"
    reached = goal(what, samples, OURS, TUTORIAL, limit)
    row, against_floor = _floor(room, made, rounds, steps)
    return Section(title, [*table, row], [*reached, against_floor])


def by_hand(room: Room, url: str) -> Iterable[Contender]:
    """The commands that people type."""
    name, folder = url.rpartition("/")[2], room.folder / "by-hand"
    wget = f"wget -q {url} && tar xzf {name} && rm {name}"
    commands = {
        TUTORIAL: (("wget", "tar"), wget),
        f"{TUTORIAL} && `sync`": (("wget", "tar"), f"{wget} && find . -type f -exec sync {{}} +"),
        "`curl` piped to `tar xz`": (("curl", "tar"), f"curl -sS {url} | tar xz"),
    }
    for title, (needed, command) in commands.items():
        if all(map(room.tools.find, needed)):
            yield _in_empty_folder(title, ["sh", "-c", command], folder)


def _by_library(room: Room, url: str) -> Iterable[Contender]:
    if python := room.tools.find("pooch"):
        yield _in_empty_folder("pooch with `Untar`", [python, "-c", POOCH, url], room.folder / "p")
    command = [sys.executable, "-c", KERAS, url]
    yield _in_empty_folder("`keras.utils.get_file`", command, room.folder / "k")


def _in_empty_folder(title: str, command: list[str], folder: Path) -> Contender:
    def empty() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()

    surroundings = environment(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
    return Contender(title, lambda: process(command, folder, surroundings), empty)


def _ours(room: Room, url: str, made: Made) -> Iterable[Contender]:
    place = Place(room.folder / "ours")

    def prepare() -> None:
        fresh(place.root, {made.network: url}, {"my_cubes": [made.network]}, [made])

    def steps() -> Sample:
        command = [sys.executable, "-c", THREE_STEPS, made.network]
        return process(command, place.root, environment(TOD_CACHE=str(place.cache)))

    yield Contender(OURS, lambda: place.doit(f"extract:{made.network}"), prepare)
    yield Contender(STEPS, lambda: _only(steps()), prepare)


def _only(sample: Sample) -> Sample:
    """The steps' own time."""
    return Sample(sum(_told(sample).values()), sample.cpu, sample.out)


def _told(sample: Sample) -> dict[str, float]:
    """What a script printed of its parts: name → seconds."""
    found = re.findall(r"^(\w+) ([\d.]+)$", sample.out, flags=re.MULTILINE)
    return {name: float(value) for name, value in found}


def _calls(samples: dict[str, list[Sample]]) -> dict[str, list[Sample]]:
    """Of a library, the call alone, without the imports before it."""
    calls = {}
    for name, of_name in samples.items():
        told = [Sample(_told(sample)["call"], 0) for sample in of_name if "call" in _told(sample)]
        if told:
            calls[f"{name}, the call alone"] = told
    return calls


def _remarks(samples: dict[str, list[Sample]]) -> dict[str, str]:
    parts = {}
    for step in ("download", "verify", "extract"):
        parts[step] = median([_told(sample)[step] for sample in samples[STEPS]])
    return {
        TUTORIAL: "no digest is compared, nothing waits for the disk",
        STEPS: ", ".join(f"{step} {seconds(value)}" for step, value in parts.items()),
    }


def _floor(room: Room, made: Made, rounds: int, steps: float) -> tuple[Row, Goal]:
    """The least that the work takes, and what the steps are to take of it."""
    alone = floor.measure(made, room.folder, rounds)
    least = alone["inflate"] + alone["sha256"] + alone["write"]
    told = ", ".join(f"{name} {seconds(value)}" for name, value in alone.items())
    remark = f"{told}; the steps take {ratio(steps, least)} of it"
    what = f"Download, verify and extract {made.packed / 1e6:.0f} MB"
    beside = f"the floor: {FLOOR}: {seconds(least)}"
    reached = Goal(what, seconds(steps), beside, steps / least, FLOOR_LIMIT)
    return Row(f"floor: {FLOOR}", seconds(least), "", remark), reached
