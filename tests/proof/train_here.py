"""A proof that takes minutes: networks of the zoo are trained by `doit train`, and what comes of it
is a network.

    python -m tests.proof.train_here ARCHIVE … [--steps 20] [--folder FOLDER]

Each ARCHIVE is one of the zoo's, or one of that shape with random weights. In a fresh workspace:
pictures from the embedded generator, `doit train export`, then `doit smoke` of the exports and
`doit compare`. Ends with exit code 1 if one fails. The packages of requirements-train.lock are
fetched into the cache.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.checkouts import ROOT, Checkout, check_out

PROJECT = "cube_faces"
WORKSPACE = """
[projects.{project}]
labels = ["one", "two", "three"]
networks = {networks}

[projects.{project}.training]
num_steps = {steps}
evaluate_every = {every}
max_boxes = 3
"""
NETWORK = """
[networks.{name}]
sources = ["{archive}"]
labels = "coco"
"""


def workspace(
    folder: Path, archives: list[Path], steps: int, every: int = 0
) -> tuple[Checkout, list[str]]:
    """A checkout with a project that trains these networks, measured every so many steps (0: once,
    at the end); and their names. A label has no box, and some pictures have more boxes than
    training looks at."""
    names = [path.name.removesuffix(".tar.gz") for path in archives]
    checkout = check_out(folder / "workspace")
    checkout.environment.pop("TOD_CACHE")  # the user's own: the packages stay for the next time
    tables = [
        NETWORK.format(name=f"my_{name}", archive=path.resolve())
        for name, path in zip(names, archives, strict=True)
    ]
    networks = [f"my_{name}" for name in names]
    listed = "[" + ", ".join(f'"{name}"' for name in networks) + "]"
    text = WORKSPACE.format(project=PROJECT, networks=listed, steps=steps, every=every or steps)
    checkout.configure(text + "".join(tables))
    words = ["--train", "24", "--test", "8", "--labels", "one,two"]
    images = str(checkout.root / PROJECT / "images")
    subprocess.run([sys.executable, "-m", "embedded.dataset", images, *words], check=True, cwd=ROOT)
    return checkout, networks


def run(checkout: Checkout, *words: str) -> bool:
    """Run doit and show what it says; whether it ended well."""
    command = [sys.executable, "-m", "doit", *words]
    environment = {**os.environ, **checkout.environment}
    return subprocess.run(command, cwd=checkout.root, env=environment, check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archives", type=Path, nargs="+", metavar="ARCHIVE")
    parser.add_argument("--steps", type=int, default=20, help="of each training (20)")
    parser.add_argument("--folder", type=Path, help="where the workspace is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        checkout, networks = workspace(folder, options.archives, options.steps)
        exports = [f"smoke:{PROJECT}-{name}" for name in networks]
        steps = [f"train:{PROJECT}", f"export:{PROJECT}"]
        return not (run(checkout, *steps) and run(checkout, *exports, f"compare:{PROJECT}"))


if __name__ == "__main__":
    sys.exit(main())
