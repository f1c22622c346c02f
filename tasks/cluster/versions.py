"""What this program and a worker must have in common: its results shall be those of one machine."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tasks.cluster.orders import About
from tasks.inference.machine import processor, tensorflow_version, usual_threads

ROOT = Path(__file__).resolve().parents[2]


@cache
def code_digest() -> str:
    """Digest of all modules of this project."""
    found = hashlib.sha256()
    for package in ("embedded", "tasks"):
        for path in sorted((ROOT / package).rglob("*.py")):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{content}  {path.relative_to(ROOT).as_posix()}\n".encode())
    return found.hexdigest()


def about_here() -> About:
    """This process's own."""
    try:
        distributed = version("distributed")
    except PackageNotFoundError:
        distributed = ""
    return About(
        code=code_digest(),
        python=".".join(platform.python_version_tuple()[:2]),
        tensorflow=tensorflow_version(),
        distributed=distributed,
        processor=processor(),
        threads=usual_threads(),
    )


def why_unfit(worker: About, here: About) -> str:
    """Why a worker can't be used, as a clause; "" if it can."""
    if not worker.tensorflow:
        return "it has no TensorFlow"
    for what in ("python", "distributed", "tensorflow"):
        its, ours = getattr(worker, what), getattr(here, what)
        if its != ours:
            return f"it has {what} {its or 'none'}, here is {ours or 'none'}"
    if worker.code != here.code:
        return "it has another version of this project"
    return ""


def is_alike(worker: About, here: About) -> bool:
    """Whether it finds the same to the last digit: how numbers are added up depends on both."""
    return (worker.processor, worker.threads) == (here.processor, here.threads)
