"""A proof that takes minutes: a step of `doit train` takes no longer than one of the Object
Detection API's own loop, which its script model_main_tf2.py runs.

    python -m tests.proof.step_time ARCHIVE [--steps 200] [--rounds 3] [--folder FOLDER]

Both train the network of ARCHIVE (see `train_here`) by the same pipeline.config on the same records
on the processor, in turn, each from the beginning. What is compared is the time of a step in the
second half of each run, the middle of all rounds; the API tells it every 100 steps. Of ours the
parts of the time before the first step are told as well. Ends with exit code 1 if ours takes more
than 1.05 times as long.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import msgspec

from tasks.config.types import Config
from tasks.core.paths import Workspace
from tasks.pipeline.job import WorkspaceJob
from tasks.training.messages import Begin, Step, Told
from tasks.training.packages import folder_of
from tasks.training.process import environment
from tests.proof.train_here import PROJECT, run, workspace
from tests.support.checkouts import Checkout

LIMIT = 1.05
TOLD = re.compile(r"Step (\d+) per-step time ([\d.]+)s")
# As model_main_tf2.py calls it; without summaries, which need a package of their own.
API = """
import sys
from tasks.training.api import shim
shim.install()
import tensorflow as tf
from absl import logging
from object_detection import model_lib_v2
logging.use_absl_handler()
logging.set_verbosity(logging.INFO)
tf.config.set_visible_devices([], "GPU")
tf.compat.v2.summary.scalar = tf.compat.v2.summary.image = lambda *_, **__: None
model_lib_v2.train_loop(pipeline_config_path=sys.argv[1], model_dir=sys.argv[2],
    train_steps=int(sys.argv[3]), checkpoint_every_n=1000000, record_summaries=False)
"""


def trainer(checkout: Checkout, words: list[str]) -> subprocess.Popen[str]:
    """Python in the workspace, with the packages of the trainer."""
    job = WorkspaceJob(Config(networks={}, projects={}), Workspace(checkout.root))
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=checkout.root,
        env=environment(folder_of(job)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ours(checkout: Checkout, config: Path, folder: Path, steps: int) -> float:
    """Seconds a step of `doit train`'s trainer; tells the parts of its beginning."""
    records = str(checkout.root / PROJECT / "training/train.record")
    asked = {"verb": "train", "config": str(config), "run": str(folder), "train": [records]}
    request = folder.with_suffix(".json")
    request.write_text(json.dumps({**asked, "steps": steps, "evaluate_every": steps * 10}))
    began = time.monotonic()
    times: list[tuple[int, float]] = []
    process = trainer(checkout, ["-m", "tasks.training.api", str(request)])
    assert process.stdout is not None
    for line in process.stdout:
        if not line.startswith("{"):
            continue
        message = msgspec.json.decode(line, type=Told)
        if isinstance(message, Begin):
            until = time.monotonic() - began
            print(f"  begun after {until:.1f} s, {message.seconds:.1f} of them for the model")
        if isinstance(message, Step):
            if not times:
                print(f"  first step done after {time.monotonic() - began:.1f} s")
            times.append((message.step, message.seconds))
    assert process.wait() == 0
    return median(seconds for step, seconds in times if step > steps // 2)


def theirs(checkout: Checkout, config: Path, folder: Path, steps: int) -> float:
    """Seconds a step of the API's loop."""
    process = trainer(checkout, ["-c", API, str(config), str(folder), str(steps)])
    said, _ = process.communicate()
    assert process.returncode == 0, said[-3000:]
    told = [(int(step), float(seconds)) for step, seconds in TOLD.findall(said)]
    return median(seconds for step, seconds in told if step > steps // 2)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path, metavar="ARCHIVE")
    parser.add_argument("--steps", type=int, default=200, help="of each run, hundreds (200)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (3)")
    parser.add_argument("--folder", type=Path, help="where the workspace is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        checkout, (network,) = workspace(folder, [options.archive], options.steps)
        if not run(checkout, f"scaffold:{PROJECT}", f"records:{PROJECT}", "trainer"):
            return 1
        config = checkout.root / PROJECT / "training" / network / "pipeline.config"
        runs = folder / "runs"
        figures: dict[str, list[float]] = {"ours": [], "theirs": []}
        for _ in range(options.rounds):
            for name, measure in (("ours", ours), ("theirs", theirs)):
                shutil.rmtree(runs, ignore_errors=True)
                (runs / name).mkdir(parents=True)
                figures[name].append(measure(checkout, config, runs / name, options.steps))
                print(f"{name}: {figures[name][-1]:.4f} s a step", flush=True)
    ratio = median(figures["ours"]) / median(figures["theirs"])
    print(f"ours / theirs: {ratio:.3f}")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
