"""Smoke inference, beside the shortest script that makes the same calls of TensorFlow.

The script imports TensorFlow, loads the SavedModel, runs it twice on one picture, and reads every
tensor of the checkpoint. What it does not do: a picture of another shape, any check of what comes
out, the drawing, the report; nor does it keep TensorFlow for the next network.
"""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Contender, Sample, environment, interleave, process
from benchmarks.room import Room
from benchmarks.table import Goal, Row, Section, goal, rows
from benchmarks.workspaces import Place, fresh

EMBEDDED = Path(__file__).parents[1] / "embedded/ssd_tinynet_320x320_cube_digits.tar.gz"
SEVERAL = 5
OWN = "my_"  # a name of the zoo's may not be given to another source
SCRIPT = """
import sys
import numpy as np
import tensorflow as tf
folder, prefix = sys.argv[1:]
network = tf.saved_model.load(folder + "/saved_model").signatures["serving_default"]
picture = tf.constant(np.full((1, 480, 640, 3), 127, np.uint8))
for _ in range(2):
    network(input_tensor=picture)
reader = tf.train.load_checkpoint(folder + "/" + prefix)
for name in reader.get_variable_to_shape_map():
    reader.get_tensor(name)
"""


@dataclass(frozen=True)
class Pair:
    """The shortest script and our step, for the same networks; our time should be at most `limit`
    times the script's (None: no goal)."""

    what: str
    script: Contender
    ours: Contender
    limit: float | None = None


def section(room: Room, rounds: int) -> Section:
    """One network, several of the embedded network's size (its archive under other names), and
    each of the user's."""
    several = [f"embedded_{number}" for number in range(SEVERAL)]
    own = {OWN + path.name.partition(".")[0]: str(path.resolve()) for path in room.networks}
    sources = {**dict.fromkeys(several, str(EMBEDDED)), **own}
    place = fresh(room.folder / "smoke", sources, {"my_cubes": sources})
    place.doit("extract")
    pairs = [
        _pair(place, several[:1], "one network", 1.05),
        _pair(place, several, f"{SEVERAL} networks", 0.5),
        *(_pair(place, [name], f"`{name.removeprefix(OWN)}`") for name in own),
    ]
    contenders = [each for pair in pairs for each in (pair.script, pair.ours)]
    samples = interleave(contenders, rounds, room.say)
    place.remove()
    return Section("Smoke inference (networks are installed)", *_judged(pairs, samples))


def _judged(pairs: list[Pair], samples: dict[str, list[Sample]]) -> tuple[list[Row], list[Goal]]:
    table, goals = list[Row](), list[Goal]()
    for pair in pairs:
        script, ours = pair.script.name, pair.ours.name
        table += rows({name: samples[name] for name in (script, ours)}, script)
        if pair.limit is not None:
            goals += goal(f"Smoke inference, {pair.what}", samples, ours, script, pair.limit)
    return table, goals


def _pair(place: Place, names: list[str], what: str, limit: float | None = None) -> Pair:
    script = "the shortest script" if len(names) == 1 else f"{len(names)} such scripts"
    return Pair(
        what,
        _script(place, names, f"{script}, {what}"),
        _ours(place, names, f"`doit smoke`, {what}"),
        limit,
    )


def _ours(place: Place, names: list[str], title: str) -> Contender:
    def forget() -> None:
        shutil.rmtree(place.root / ".tod/receipts/smoke", ignore_errors=True)

    return Contender(title, lambda: place.doit(*(f"smoke:{name}" for name in names)), forget)


def _script(place: Place, names: list[str], title: str) -> Contender:
    surroundings = environment(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

    def run() -> Sample:
        wall = cpu = 0.0
        for name in names:
            folder = place.root / "pre-trained" / name
            command = [sys.executable, "-c", SCRIPT, str(folder), _prefix(folder)]
            sample = process(command, place.root, surroundings)
            wall, cpu = wall + sample.wall, cpu + sample.cpu
        return Sample(wall, cpu)

    return Contender(title, run)


def _prefix(folder: Path) -> str:
    """The checkpoint that the folder's own `checkpoint` file names."""
    text = (folder / "checkpoint/checkpoint").read_text()
    found = re.search(r'^model_checkpoint_path: "([^"]+)"', text, re.MULTILINE)
    assert found is not None
    return f"checkpoint/{found[1]}"
