"""Step 2, verify: the archive is read through, and is what it should be.

What is asked on every run is here, and cheap; the work itself is in `work`, imported when needed.
"""

from __future__ import annotations

from tasks.core import ownership
from tasks.core.errors import ConfigError, DamagedError, TodError, disk_error
from tasks.core.files import remove_leftovers
from tasks.core.receipts import digest, inputs, read, write
from tasks.pipeline.job import NetworkJob, Outcome, Progress, pass_on
from tasks.pipeline.receipts import DownloadReceipt, VerifyReceipt

VERSION = 1


def definition(job: NetworkJob) -> str:
    """Digest of what an archive is held against, the lock apart: this step writes to that."""
    network, settings = job.network, job.config.settings
    expected = network.archive, network.members, network.saved_model, network.pipeline_config
    return digest((VERSION, expected, settings.max_members, settings.max_unpacked))


def why_stale(job: NetworkJob) -> str | None:
    """Why the archive must be verified (again), or None."""
    receipt = read(job.receipt("verify"), VerifyReceipt)
    why = ownership.why_stale(receipt, definition(job), asked="what is expected of it")
    if why or receipt is None:
        return why
    if receipt.inputs != inputs(job.receipt("download")):
        download = read(job.receipt("download"), DownloadReceipt)
        another = download is not None and download.sha256 != receipt.sha256
        return "another archive" if another else "its download changed"
    if receipt.status == "deferred":
        return None
    return _unlike_lock(job, receipt)


def _unlike_lock(job: NetworkJob, receipt: VerifyReceipt) -> str | None:
    """What sets a verified archive apart from config/zoo.lock. An unreadable lock does: the step
    that runs then tells what is wrong with it."""
    try:
        entry = job.lock_entry()
    except (ConfigError, OSError):
        return "config/zoo.lock can't be read"
    if entry is None:
        settled = job.network.archive.settled
        return None if settled else "config/zoo.lock has no record of it"
    same = (entry.sha256, entry.size) == (receipt.sha256, receipt.size)
    return None if same else "config/zoo.lock records another archive"


def run(job: NetworkJob, progress: Progress) -> Outcome:
    """Verify the archive at hand.

    Raises:
        DamagedError: its bytes are not whole; it was set aside if it is our copy.
        RefusedError: it is whole, but unlike a record, or not fit for this network.
        UnsafeArchiveError: it holds a member that must not be unpacked.
        UnreachableError: the download was deferred, and this job may not be.
        ConfigError: config/zoo.lock can't be read.
        DiskError: a file can't be read or written.
    """
    try:
        download = read(job.receipt("download"), DownloadReceipt)
        if download is not None and download.status == "deferred":
            receipt = VerifyReceipt(
                status="deferred",
                definition=definition(job),
                inputs=inputs(job.receipt("download")),
                reason=download.reason,
            )
            return pass_on(job, job.receipt("verify"), receipt)
        if why_stale(job) is None:
            return Outcome("kept")
        if download is None:
            raise DamagedError(job.name, "its download left no receipt", "run doit again")
        return _finish(job, download, progress)
    except OSError as error:
        raise disk_error(job.name, error) from error


def _finish(job: NetworkJob, download: DownloadReceipt, progress: Progress) -> Outcome:
    """Do the work, then write the receipt that ends it."""
    from tasks.pipeline.reading import discard
    from tasks.verify.work import verify

    try:
        facts, verdict, outcome = verify(job, download, definition(job), progress)
    except TodError:
        discard(job)
        raise
    receipt = VerifyReceipt(
        definition=definition(job),
        inputs=inputs(job.receipt("download")),
        sha256=facts.sha256,
        size=facts.size,
        git_blob_sha1=facts.git_blob_sha1,
        top_folder=facts.top_folder,
        checkpoint_prefix=verdict.checkpoint_prefix,
        members={path: (m.size, m.sha256) for path, m in facts.members.items()},
        checked=verdict.checked,
        warnings=verdict.warnings,
    )
    remove_leftovers(job.receipt("verify"))
    write(job.receipt("verify"), receipt)
    return outcome
