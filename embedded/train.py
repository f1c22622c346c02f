"""Trains, exports and packs the embedded network: one command, fixed seeds.

python -m embedded.train                        the shipped recipe: some 20 minutes on two cores
python -m embedded.train --steps 600 --scenes 1000 --out /tmp/quick.tar.gz      a first try
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from embedded import NAME
from embedded.pack import pack
from embedded.splits import TRAIN

STEPS, SCENES, REAL_PERCENT = 4500, 4000, 40
"""The shipped recipe; of the scenes, REAL_PERCENT in a hundred are in real handwriting."""


def main() -> None:
    arguments = _parser().parse_args()
    with tempfile.TemporaryDirectory() as name:
        weights = arguments.weights or Path(name) / "weights.npz"
        if not weights.exists():
            _train(weights, arguments.steps, arguments.scenes, arguments.cache)
        folder = Path(name) / NAME
        folder.mkdir()
        command = [sys.executable, "-m", "embedded.export", str(weights), str(folder)]
        subprocess.run([*command, "--steps", str(arguments.steps)], check=True)
        digest = pack(folder, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes, sha256 {digest}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=STEPS, help=f"batches of 16 ({STEPS})")
    parser.add_argument("--scenes", type=int, default=SCENES, help=f"pictures ({SCENES})")
    parser.add_argument("--out", type=Path, default=Path(f"{NAME}.tar.gz"), help="the archive")
    parser.add_argument("--cache", type=Path, help="folder that keeps the pictures drawn")
    parser.add_argument(
        "--weights", type=Path, help="keep the trained weights in this .npz; if there, only pack"
    )
    return parser


def _train(weights: Path, steps: int, scenes: int, cache: Path | None) -> None:
    import numpy as np

    from embedded.render import render

    start = time.monotonic()

    def report(step: int, loss: float) -> None:
        print(
            f"step {step:6d} of {steps}   loss {loss:.4f}   {time.monotonic() - start:6.0f} s",
            flush=True,
        )

    drawn = render(TRAIN, TRAIN.seeds(scenes), REAL_PERCENT, folder=cache)
    print(f"{scenes} scenes drawn in {time.monotonic() - start:.0f} s", flush=True)
    # TensorFlow leaves oneDNN off on some processors, where it saves a third of the time.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    from embedded.training import train  # TensorFlow, once the drawing processes are gone

    np.savez(weights, allow_pickle=False, **train(drawn, steps, report))


if __name__ == "__main__":
    main()
