"""The packages that training with the Object Detection API needs, in the shared cache.

They are those of requirements-train.lock: the API itself and what it imports. They lie in a folder
of their own that only a trainer's process sees, so that nothing of the user's environment changes.
Their own metadata ask for other versions of what is here already (TensorFlow, NumPy, …), hence
pip's `--no-deps`: `training.api.shim` makes them work with what is here. The folder appears whole
or not at all, and is used once the API was imported from it and built a model.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tasks.core.errors import TrainingError, UnreachableError
from tasks.core.files import read_file, write_atomic
from tasks.core.staging import made_aside, remove_strays
from tasks.inference.machine import tensorflow_version
from tasks.pipeline.job import Job, Progress

LOCK = Path(__file__).resolve().parents[2] / "requirements-train.lock"
LARGEST_LOCK = 1 << 20  # bytes
CHECKED = "checked.txt"
LONGEST = 900.0
"""Seconds that pip, or the check, may take."""
# How pip says that it could ask nobody.
UNREACHABLE = ("NewConnectionError", "ConnectTimeout", "Max retries", "No matching distribution")


def folder_of(job: Job) -> Path:
    """Where the packages lie: one folder for each lock and each version of Python."""
    lock = hashlib.sha256(read_file(LOCK, LARGEST_LOCK)).hexdigest()[:12]
    python = f"{sys.implementation.cache_tag}-{sys.platform}"
    return job.cache.root / "trainer" / f"{lock}-{python}"


def is_ready(folder: Path) -> bool:
    """Whether the packages are there, and were checked with this TensorFlow."""
    try:
        return read_file(folder / CHECKED, LARGEST_LOCK).decode() == _with()
    except (OSError, ValueError):
        return False


def have_ready(job: Job, log: Path, progress: Progress) -> Path:
    """Install the packages if they are not there, check them if they were not; their folder.

    Raises:
        UnreachableError: the package registry can't be reached.
        TrainingError: they can't be installed, or the API does not work here.
        OSError: the cache can't be written.
    """
    folder = folder_of(job)
    if is_ready(folder):
        return folder
    if not folder.is_dir():
        _install(job, folder, log, progress)
    progress.begin("check the Object Detection API", None)
    try:
        _check(job, folder, log)
    finally:
        progress.end()
    write_atomic(folder / CHECKED, _with().encode())
    return folder


def _with() -> str:
    return f"TensorFlow {tensorflow_version()}\n"


def _install(job: Job, folder: Path, log: Path, progress: Progress) -> None:
    if os.environ.get("TOD_OFFLINE"):
        why = "the training packages are not installed, and TOD_OFFLINE is set"
        raise UnreachableError(job.name, why)
    remove_strays(folder)
    progress.begin("install the Object Detection API", None)
    try:
        with made_aside(folder) as aside:
            target = aside / "packages"
            said = _pip(job, target, log)
            if said is not None:
                raise said
            target.rename(folder)
    finally:
        progress.end()


def _pip(job: Job, target: Path, log: Path) -> UnreachableError | TrainingError | None:
    options = (
        *("--no-deps", "--require-hashes", "--no-build-isolation", "--no-input"),
        *("--disable-pip-version-check", "--retries", "1", "--timeout", "15"),
    )
    command = ("-m", "pip", "install", *options, "--target", str(target), "-r", str(LOCK))
    code, said = _run(job, command, log)
    if code == 0:
        return None
    if "No module named pip" in said:
        why = "pip is not installed in this environment"
        return TrainingError(job.name, why, f"run `{sys.executable} -m ensurepip`")
    if any(words in said for words in UNREACHABLE):
        return UnreachableError(job.name, "the package registry can't be reached")
    last = next((line for line in reversed(said.splitlines()) if "ERROR" in line), "pip failed")
    return TrainingError(job.name, last.removeprefix("ERROR: "), f"{log.as_posix()} has more")


def _check(job: Job, folder: Path, log: Path) -> None:
    code, _ = _run(job, ("-m", "tasks.training.api"), log, folder)
    if code != 0:
        why = "the Object Detection API does not work in this environment"
        raise TrainingError(job.name, why, f"{log.as_posix()} has more")


def _run(
    job: Job, words: Sequence[str], log: Path, packages: Path | None = None
) -> tuple[int, str]:
    """Run Python with these words; its exit code and what it printed, which the log has too."""
    from tasks.training.process import environment

    try:
        done = subprocess.run(
            [sys.executable, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST,
            env=environment(packages) if packages else None,  # pip needs proxies and the like
            check=False,
        )
    except subprocess.TimeoutExpired:
        why = f"`python {' '.join(words[:3])}` did not end within {LONGEST:.0f} s"
        raise TrainingError(job.name, why) from None
    said = done.stdout + done.stderr
    write_atomic(log, said.encode("utf-8", "replace"))
    return done.returncode, said
