"""Install and try the packages that training with the Object Detection API needs.

pip installs them by the digests of their lock, without what they depend on: their metadata ask for
other versions of what is here already (TensorFlow, NumPy, …), and `training.api.shim` makes them
work with what is here. The folder appears whole or not at all, and is used once the API was
imported from it and built a model. Where the cache has the files that they are installed from (see
`training.wheels`), nobody is asked for them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tasks.core import ownership, receipts
from tasks.core.errors import TrainingError, UnreachableError, disk_error
from tasks.core.files import make_folders, write_atomic
from tasks.core.staging import made_aside, remove_strays
from tasks.inference.machine import tensorflow_version
from tasks.pipeline import cache_users
from tasks.pipeline.job import ZOO, Outcome, Progress, WorkspaceJob
from tasks.pipeline.receipts import NetworkReceipt, receipt_of
from tasks.training import wheels
from tasks.training.packages import LOCK, folder_of
from tasks.training.process import environment
from tasks.web.connectivity import is_offline

VERSION = 1
LONGEST = 900.0
"""Seconds that pip, or the check, may take."""
# How pip says that it could ask nobody.
UNREACHABLE = ("NewConnectionError", "ConnectTimeout", "Max retries", "No matching distribution")


def why_stale(job: WorkspaceJob) -> str | None:
    """Why the packages must be installed or tried; None if they were."""
    receipt = receipts.read(_place(job), NetworkReceipt)
    asked = "requirements-train.lock, Python or TensorFlow"
    why = ownership.why_stale(receipt, definition(job), asked=asked)
    if why or receipt is None:
        return why
    if receipt.status == "deferred":
        return f"deferred: {receipt.reason}"
    return None if folder_of(job).is_dir() else "the packages are gone from the cache"


def run(job: WorkspaceJob, progress: Progress) -> Outcome:
    """Install what is not there, and try it.

    Raises:
        UnreachableError: the package registry can't be reached, and this job may not be deferred.
        TrainingError: they can't be installed, or the API does not work here.
        DiskError: the cache can't be written.
    """
    if why_stale(job) is None:
        return Outcome("kept")
    if job.may_defer and not _is_of_use(job):
        return _defer(job, UnreachableError(ZOO, "no network that they train is here yet"))
    try:
        folder = folder_of(job)
        note = "installed and checked"
        if folder.is_dir():
            note = "checked"
        else:
            _install(job, folder, progress)
        cache_users.note(job)
        _check(job, folder, progress)
        receipts.write(_place(job), NetworkReceipt(definition=definition(job)))
    except UnreachableError as error:
        return _defer(job, error)
    except OSError as error:
        raise disk_error(ZOO, error) from error
    return Outcome("built", note)


def definition(job: WorkspaceJob) -> str:
    """Digest of all that says whether they work here."""
    return receipts.digest((VERSION, folder_of(job).name, tensorflow_version()))


def _is_of_use(job: WorkspaceJob) -> bool:
    wanted = (job.config.networks[name] for name in job.config.wanted)
    trained = (network.name for network in wanted if network.trainer != "embedded")
    return any(receipt_of(job.workspace, name) for name in trained)


def _place(job: WorkspaceJob) -> Path:
    return job.workspace.receipt("trainer", job.name)


def _defer(job: WorkspaceJob, error: UnreachableError) -> Outcome:
    if not job.may_defer:
        raise error
    deferred = NetworkReceipt(status="deferred", definition=definition(job), reason=error.why)
    receipts.write(_place(job), deferred)
    return Outcome("deferred", error.why)


def download(job: WorkspaceJob, progress: Progress) -> dict[Path, str]:
    """Have the files in the cache that the packages are installed from; path → sha256.

    Raises:
        UnreachableError: the package registry can't be reached.
        TrainingError: pip does not fetch them.
        OSError: the cache can't be written.
    """
    if found := wheels.at_hand(job):
        return found
    if is_offline():
        raise UnreachableError(ZOO, "the trainer's packages are not here, and TOD_OFFLINE is set")
    folder = wheels.folder_of(job)
    remove_strays(folder)
    progress.begin("fetch the trainer's packages", None)
    try:
        with made_aside(folder) as aside:
            _pip(job, "download", "--dest", str(aside / "files"))
            make_folders(folder)
            for file in wheels.in_folder(aside / "files"):
                os.replace(file, folder / file.name)
    finally:
        progress.end()
    cache_users.note(job)
    return wheels.at_hand(job)


def _install(job: WorkspaceJob, folder: Path, progress: Progress) -> None:
    here = bool(wheels.at_hand(job))
    if not here and is_offline():
        raise UnreachableError(ZOO, "it is not installed, and TOD_OFFLINE is set")
    remove_strays(folder)
    progress.begin("install the Object Detection API", None)
    try:
        with made_aside(folder) as aside:
            target = aside / "packages"
            place = ("--no-index", "--find-links", str(wheels.folder_of(job))) if here else ()
            _pip(job, "install", *place, "--target", str(target))
            if not folder.is_dir():  # another workspace's doit may have been faster
                target.rename(folder)
    finally:
        progress.end()


def _pip(job: WorkspaceJob, verb: str, *where: str) -> None:
    options = (
        *("--no-deps", "--require-hashes", "--no-build-isolation", "--no-input"),
        *("--disable-pip-version-check", "--retries", "1", "--timeout", "15"),
    )
    code, said = _run(job, ("-m", "pip", verb, *options, *where, "-r", str(LOCK)))
    if code == 0:
        return
    if "No module named pip" in said:
        why = "pip is not installed in this environment"
        raise TrainingError(ZOO, why, f"run `{sys.executable} -m ensurepip`")
    if "--no-index" in where and "No matching distribution" in said:
        why = "pip finds nothing for this system among the files in the cache"
        raise TrainingError(ZOO, why, f"remove {wheels.folder_of(job)}")
    if any(words in said for words in UNREACHABLE):
        raise UnreachableError(ZOO, "the package registry can't be reached")
    last = next((line for line in reversed(said.splitlines()) if "ERROR" in line), "pip failed")
    raise TrainingError(ZOO, last.removeprefix("ERROR: "), _more(job))


def _check(job: WorkspaceJob, folder: Path, progress: Progress) -> None:
    progress.begin("check the Object Detection API", None)
    try:
        code, _ = _run(job, ("-m", "tasks.training.api"), folder)
    finally:
        progress.end()
    if code != 0:
        why = "the Object Detection API does not work in this environment"
        raise TrainingError(ZOO, why, _more(job))


def _more(job: WorkspaceJob) -> str:
    return f"{job.workspace.log('trainer', job.name).as_posix()} has more"


def _run(job: WorkspaceJob, words: Sequence[str], packages: Path | None = None) -> tuple[int, str]:
    """Run Python with these words; its exit code and what it printed, which the log has too."""
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
        raise TrainingError(ZOO, why) from None
    said = done.stdout + done.stderr
    write_atomic(job.workspace.log("trainer", job.name), said.encode("utf-8", "replace"))
    return done.returncode, said
