"""The packages that training with the Object Detection API needs, in the shared cache.

They are those of requirements-train.lock: the API itself and what it imports. They lie in a folder
of their own that only a trainer's process sees, so that nothing of the user's environment changes.
The step `trainer` installs and tries them.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from tasks.core import receipts
from tasks.core.errors import TrainingError, UnreachableError
from tasks.core.files import read_file
from tasks.pipeline.cache_users import LARGEST_LOCK, TRAINER_LOCK
from tasks.pipeline.job import ZOO, Job, TrainingJob
from tasks.pipeline.receipts import NetworkReceipt

LOCK = Path(__file__).resolve().parents[2] / TRAINER_LOCK


def folder_of(job: Job) -> Path:
    """Where the packages lie: one folder for each lock and each version of Python."""
    lock = hashlib.sha256(read_file(LOCK, LARGEST_LOCK)).hexdigest()[:12]
    python = f"{sys.implementation.cache_tag}-{sys.platform}"
    return job.cache.root / "trainer" / f"{lock}-{python}"


def packages_for(job: TrainingJob) -> Path | None:
    """The folder of packages that this training needs besides this environment's; None if none.

    Raises:
        UnreachableError: they are not installed, for the registry could not be reached.
        TrainingError: they are not installed.
    """
    if job.network.trainer == "embedded":
        return None
    receipt = receipts.read(job.workspace.receipt("trainer", ZOO), NetworkReceipt)
    if receipt is not None and receipt.status == "deferred":
        raise UnreachableError(job.name, receipt.reason)
    folder = folder_of(job)
    if receipt is None or not folder.is_dir():
        why = "the packages that train it are not installed"
        raise TrainingError(job.name, why, "run `doit trainer`")
    return folder
