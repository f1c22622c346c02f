"""Starts the Object Detection API's environment; see docs/training.md for how to make one."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

CHILD = Path(__file__).with_name("in_api.py")


def arguments(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The command line, with where the API is."""
    parser.add_argument("--python", required=True, help="the interpreter of the API's environment")
    parser.add_argument(
        "--api", type=Path, required=True, help="the folder that holds object_detection/ and slim/"
    )
    return parser.parse_args()


def run(given: argparse.Namespace, *words: str, cwd: Path, timeout: float) -> str:
    """Run `in_api.py` there, at low priority; what it said on both outputs.

    Raises:
        subprocess.SubprocessError: it failed, or took longer than `timeout` seconds.
    """
    command = [given.python, str(CHILD), *words]
    if os.name == "posix":
        command = ["nice", *command]
    paths = os.pathsep.join([str(given.api), str(given.api / "slim")])
    environment = {**os.environ, "PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise subprocess.SubprocessError(f"in_api.py {words[0]} failed:\n{tail}")
    return done.stdout
