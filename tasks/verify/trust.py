"""Trust on first use: what no confirmed digest vouches for is recorded once, then enforced."""

from __future__ import annotations

from tasks.config import lock
from tasks.config.types import LockEntry
from tasks.core.errors import ConfigError, RefusedError
from tasks.core.files import remove_leftovers
from tasks.pipeline.job import NetworkJob
from tasks.pipeline.receipts import DownloadReceipt, VerifyReceipt


def unlike_lock(job: NetworkJob, receipt: VerifyReceipt) -> str | None:
    """What sets a verified archive apart from config/zoo.lock, or None.

    An unreadable lock does: the step that runs then tells what is wrong with it.
    """
    try:
        entry = lock.read(job.workspace.lock_file).get(job.name)
    except (ConfigError, OSError):
        return "config/zoo.lock can't be read"
    if entry is None:
        settled = job.network.archive.settled
        return None if settled else "config/zoo.lock has no record of it"
    same = (entry.sha256, entry.size) == (receipt.sha256, receipt.size)
    return None if same else "config/zoo.lock records another archive"


def record(job: NetworkJob, sha256: str, size: int, download: DownloadReceipt) -> None:
    """Put an archive that is new to it into the lock.

    Raises:
        RefusedError: it came over plain http, and whoever answered there would be trusted for ever;
            or the lock must stay as it is.
        ConfigError: the lock can't be read.
        OSError: it can't be written.
    """
    # What an earlier version fetched over http may name the server's own hash as what attests it.
    if download.attested_by in ("none", "") or download.source.lower().startswith("http://"):
        why = "it came over plain http, and no confirmed digest vouches for it"
        todo = f"fetch it over https, or trust it with `doit accept {job.name}`"
        raise RefusedError(job.name, why, todo)
    entry = LockEntry(
        sha256=sha256, size=size, source=download.source, attested_by=download.attested_by
    )
    remove_leftovers(job.workspace.lock_file)
    lock.record(job.workspace.lock_file, job.name, entry, locked=job.locked)
