"""Whether an archive must be seen to. Asked on every run, so it is a few stats and no more."""

from __future__ import annotations

from tasks.config.types import Network
from tasks.core import ownership
from tasks.core.addresses import without_user
from tasks.core.files import is_file
from tasks.core.receipts import digest, read
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob
from tasks.pipeline.receipts import DownloadReceipt, differences, receipt_of

VERSION = 1


def definition(network: Network) -> str:
    """Digest of what the step is asked for. Mirrors do not count: they hold the same object. Nor do
    names and passwords, which must not be kept in any form."""
    return digest((VERSION, tuple(without_user(source) for source in network.sources)))


def why_stale(job: NetworkJob) -> str | None:
    """Why the archive must be seen to, or None if it, or the installed network, is intact."""
    receipt = read(job.receipt("download"), DownloadReceipt)
    why = ownership.why_stale(receipt, definition(job.network), asked="its sources")
    if why or receipt is None:
        return why
    if receipt.status == "deferred":
        return f"deferred: {receipt.reason}"
    return _why_gone_or_changed(job, receipt)


def command_for_archive(job: NetworkJob) -> str:
    """What fetches the archive where it is not at hand, or not right. An installed network does not
    need it: so it is not fetched again unless it is asked for."""
    return f"doit {'-a download' if why_stale(job) is None else 'verify'}:{job.name}"


def _why_gone_or_changed(job: NetworkJob, receipt: DownloadReceipt) -> str | None:
    """What became of the archive. It may go once the network is installed."""
    local = job.workspace.root / receipt.archive if receipt.archive else None
    if not (local and is_file(local)) and is_installed(job, receipt.sha256):
        return None
    path = local or archive_cache.cached(job)
    if not is_file(path):
        refused = local is None and archive_cache.refused(job)
        return "the archive was refused" if refused else "the archive is gone"
    note = archive_cache.read_record(job.workspace.local_record(job.name))
    is_read = note is not None and note.sha256 == receipt.sha256
    if is_read and archive_cache.is_untouched(path, note):
        return None
    if local is None:
        return "the archive changed in the cache"
    return "the archive changed" if is_read else "the archive was not read here yet"


def is_installed(job: NetworkJob, sha256: str) -> bool:
    """Whether the network lies extracted and intact, from this very archive."""
    extracted = receipt_of(job.workspace, job.name)
    if extracted is None or extracted.archive_sha256 != sha256:
        return False
    return not differences(job.workspace.network(job.name), extracted.files)
