"""A proof that takes minutes: a training by the Object Detection API goes on after a kill, and what
can't be gone on with is one line.

    python -m tests.proof.resume_here ARCHIVE [--steps 40] [--folder FOLDER]

ARCHIVE as in `train_here`. Two workspaces with the same pictures: in one `doit train` is left
alone, in the other it is killed by SIGKILL, with all its children, once half of the steps are kept,
and run again. Both must end at the same step, and the loss over the last quarter of the steps must
agree within a half: the pictures come in another order each time. Then the last checkpoint is cut
short, and replaced by one of another network, and `doit train` must name it in one line. Ends with
exit code 1 if any of that is not so.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.training.history import read_csv
from tasks.training.receipt import TrainReceipt
from tests.proof.train_here import PROJECT, run, workspace
from tests.support.checkouts import Checkout

MINUTES = 20
CLOSE = 0.5
"""The losses may differ by so much of the larger."""


def training(checkout: Checkout, network: str) -> Path:
    return checkout.root / PROJECT / "training" / network


def train_until_killed(checkout: Checkout, network: str, step: int) -> None:
    """Run `doit train`, and kill all of it once a checkpoint of this step lies there."""
    environment = {**os.environ, **checkout.environment}
    words = [sys.executable, "-m", "doit", f"train:{PROJECT}"]
    process = subprocess.Popen(words, cwd=checkout.root, env=environment, start_new_session=True)
    kept = training(checkout, network) / f"ckpt-{step}.index"
    until = time.monotonic() + MINUTES * 60
    while not kept.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    print(f"killed once {kept.name} was there: {kept.exists()}")


def outcome(checkout: Checkout, network: str) -> tuple[int, float]:
    """Steps that were done, and the mean loss over the last quarter of them."""
    place = Workspace(checkout.root).receipt("train", f"{PROJECT}:{network}")
    receipt = receipts.read(place, TrainReceipt)
    assert receipt is not None
    rows = read_csv((training(checkout, network) / "history.csv").read_bytes())
    losses = [row.loss for row in rows if row.loss is not None and row.step > 0.75 * receipt.steps]
    return receipt.steps, mean(losses)


def refusal(checkout: Checkout, index: Path, content: bytes) -> str:
    """What `doit train` says where the last checkpoint's index is this; "" if it is not refused."""
    former = index.read_bytes()
    index.write_bytes(content)
    try:
        done = checkout.doit(f"train:{PROJECT}")
    finally:
        index.write_bytes(former)
    lines = [line for line in done.err.splitlines() if line.startswith("failed")]
    is_one_line = done.code == 1 and len(lines) == 1 and "Traceback" not in done.said
    return lines[0] if is_one_line and "can't be gone on with" in lines[0] else ""


def goes_on(alone: Checkout, killed: Checkout, network: str) -> bool:
    """Whether both trainings end alike, the killed one being run again."""
    if not (run(alone, f"train:{PROJECT}") and run(killed, f"train:{PROJECT}")):
        return False
    (steps, loss), (steps_again, loss_again) = (outcome(one, network) for one in (alone, killed))
    print(f"left alone: {steps} steps, loss {loss:.4f}")
    print(f"killed:     {steps_again} steps, loss {loss_again:.4f}")
    return steps == steps_again and abs(loss - loss_again) <= CLOSE * max(loss, loss_again)


def refuses(checkout: Checkout, network: str) -> bool:
    """Whether a last checkpoint that is cut short, empty, or another network's is told."""
    folder = training(checkout, network)
    index = max(folder.glob("ckpt-*.index"), key=lambda path: path.stat().st_mtime)
    other = checkout.root / "pre-trained" / network / "checkpoint" / "ckpt-0.index"
    contents = (index.read_bytes()[:100], b"", other.read_bytes())
    told = [refusal(checkout, index, content) for content in contents]
    print("\n".join(told))
    return all(told)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path, metavar="ARCHIVE")
    parser.add_argument("--steps", type=int, default=40, help="of each training (40)")
    parser.add_argument("--folder", type=Path, help="where the workspaces are kept")
    options = parser.parse_args()
    half = options.steps // 2
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        alone, (network,) = workspace(folder / "alone", [options.archive], options.steps, half)
        killed, _ = workspace(folder / "killed", [options.archive], options.steps, half)
        train_until_killed(killed, network, half)
        went_on = goes_on(alone, killed, network)
        killed.edit(f"num_steps = {options.steps}", f"num_steps = {options.steps + half}")
        return int(not (went_on and refuses(killed, network)))


if __name__ == "__main__":
    sys.exit(main())
