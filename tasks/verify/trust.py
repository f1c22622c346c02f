"""Trust on first use: what no confirmed digest vouches for is recorded once, then enforced."""

from __future__ import annotations

from tasks.catalogue import lock
from tasks.catalogue.types import Digests, LockEntry
from tasks.errors import ConfigError
from tasks.files import remove_leftovers
from tasks.job import NetworkJob
from tasks.receipts import DownloadReceipt, VerifyReceipt


def is_confirmed(digests: Digests) -> bool:
    """Whether the catalogue alone settles which bytes an archive must have."""
    return digests.sha256 is not None and digests.confidence == "confirmed"


def unlike_lock(job: NetworkJob, receipt: VerifyReceipt) -> str | None:
    """What sets a verified archive apart from config/zoo.lock, or None.

    An unreadable lock does: the step that runs then tells what is wrong with it.
    """
    try:
        entry = lock.read(job.workspace.lock_file).get(job.name)
    except (ConfigError, OSError):
        return "config/zoo.lock can't be read"
    if entry is None:
        settled = is_confirmed(job.network.archive)
        return None if settled else "config/zoo.lock has no record of it"
    same = (entry.sha256, entry.size) == (receipt.sha256, receipt.size)
    return None if same else "config/zoo.lock records another archive"


def record(job: NetworkJob, sha256: str, size: int, download: DownloadReceipt) -> tuple[str, ...]:
    """Put an archive that is new to it into the lock; what the user must know of that.

    Raises:
        ConfigError: the lock can't be read.
        RefusedError: the lock must stay as it is.
        OSError: it can't be written.
    """
    entry = LockEntry(sha256=sha256, size=size, source=download.source, witness=download.witness)
    remove_leftovers(job.workspace.lock_file)
    lock.record(job.workspace.lock_file, job.name, entry, locked=job.locked)
    if download.witness != "none":
        return ()
    return (f"{job.name}: plain http alone vouches for these bytes (config/zoo.lock marks them)",)
