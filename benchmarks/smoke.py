"""Smoke inference, beside the shortest script that makes the same calls of TensorFlow.

The script imports TensorFlow, loads the SavedModel, runs it twice on one picture, and reads every
tensor of the checkpoint. What it does not do: a picture of another shape, any check of what comes
out, the drawing, the report; nor does it keep TensorFlow for the next network.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from benchmarks.measure import Contender, Sample, environment, interleave, process
from benchmarks.room import Room
from benchmarks.table import Section, rows
from benchmarks.workspaces import Place, fresh

EMBEDDED = Path(__file__).parents[1] / "embedded/ssd_tinynet_320x320_cube_digits.tar.gz"
SEVERAL = 5
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


def section(room: Room, rounds: int) -> Section:
    """One network, and several of the embedded network's size (its archive under other names)."""
    names = [f"embedded_{number}" for number in range(SEVERAL)]
    place = fresh(room.folder / "smoke", dict.fromkeys(names, str(EMBEDDED)), {"my_cubes": names})
    place.doit("extract")
    contenders = [
        _script(place, names[:1], "the shortest script, one network"),
        _ours(place, names[:1], "`doit smoke:…`, one network"),
        _script(place, names, f"{SEVERAL} such scripts"),
        _ours(place, names, f"`doit smoke`, {SEVERAL} networks"),
    ]
    samples = interleave(contenders, rounds, room.say)
    place.remove()
    one = {c.name: samples[c.name] for c in contenders[:2]}
    more = {c.name: samples[c.name] for c in contenders[2:]}
    table = [*rows(one, contenders[0].name), *rows(more, contenders[2].name)]
    return Section("Smoke inference (networks are installed)", table)


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
