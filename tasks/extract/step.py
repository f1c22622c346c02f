"""Step 3, extract: the network lies under pre-trained/<network>/, as the archive has it.

What is asked on every run is here, and cheap; the work itself is in `work`, imported when needed.
"""

from __future__ import annotations

import os
from collections import Counter

from msgspec.structs import replace

from tasks.core import ownership
from tasks.core.errors import ConfigError, DamagedError, disk_error
from tasks.core.files import remove_leftovers
from tasks.core.receipts import digest, inputs, read, write
from tasks.core.text import count
from tasks.pipeline.job import NetworkJob, Outcome, Progress, pass_on
from tasks.pipeline.receipts import ExtractReceipt, VerifyReceipt, differences

VERSION = 1
DEFINITION = digest(("extract", VERSION))


def why_stale(job: NetworkJob) -> str | None:
    """Why the network must be unpacked or mended, or None."""
    receipt = read(job.receipt("extract"), ExtractReceipt)
    why = ownership.why_stale(receipt, DEFINITION, asked="the way of unpacking")
    if why or receipt is None:
        return why
    if receipt.inputs != inputs(job.receipt("verify")):
        verified = read(job.receipt("verify"), VerifyReceipt)
        another = verified is not None and verified.sha256 != receipt.archive_sha256
        return "another archive" if another else "its verification changed"
    if receipt.status == "deferred":
        return None
    return _damage(job, receipt) or _unlike_lock(job, receipt)


def _damage(job: NetworkJob, receipt: ExtractReceipt) -> str | None:
    folder = job.workspace.network(job.name)
    if not os.path.lexists(folder):
        return f"{folder} is gone"
    found = differences(folder, receipt.files)
    if len(found) == 1:
        [(path, difference)] = found.items()
        return f"{path} is missing" if difference == "missing" else f"{path} changed"
    kinds = sorted(Counter(found.values()).items(), reverse=True)
    return " and ".join(f"{count(number, 'file')} {kind}" for kind, number in kinds) or None


def _unlike_lock(job: NetworkJob, receipt: ExtractReceipt) -> str | None:
    try:
        entry = job.lock_entry()
    except (ConfigError, OSError):
        return "config/zoo.lock can't be read"
    if entry is None or entry.tree == receipt.tree:
        return None
    return f"config/zoo.lock {'records another' if entry.tree else 'lacks its'} tree"


def run(job: NetworkJob, progress: Progress) -> Outcome:
    """Have the network unpacked and whole.

    Raises:
        UserFilesError: files that are not ours stand where it would go.
        DamagedError: the archive changed since it was verified, or is gone.
        UnsafeArchiveError: the archive holds what must not be unpacked.
        RefusedError: its tree is not the one that config/zoo.lock records.
        UnreachableError: the download was deferred, and this job may not be.
        ConfigError: config/zoo.lock can't be read.
        DiskError: the disk is full, or a file can't be read or written.
    """
    try:
        verified = read(job.receipt("verify"), VerifyReceipt)
        if verified is not None and verified.status == "deferred":
            return _defer(job, verified.reason)
        if why_stale(job) is None:
            return Outcome("kept")
        if verified is None:
            raise DamagedError(job.name, "its archive was not verified", "run doit again")
        return _finish(job, verified, progress)
    except OSError as error:
        raise disk_error(job.name, error) from error


def _defer(job: NetworkJob, reason: str) -> Outcome:
    """What an earlier extraction recorded is kept: its files are still there to be mended."""
    place = job.receipt("extract")
    receipt = read(place, ExtractReceipt) or ExtractReceipt(definition=DEFINITION)
    read_now = inputs(job.receipt("verify"))
    deferred = replace(
        receipt, status="deferred", definition=DEFINITION, inputs=read_now, reason=reason
    )
    return pass_on(job, place, deferred)


def _finish(job: NetworkJob, verified: VerifyReceipt, progress: Progress) -> Outcome:
    """Do the work, then write the receipt that ends it."""
    from tasks.extract.work import install
    from tasks.pipeline import archive_cache, cache_users

    former = read(job.receipt("extract"), ExtractReceipt)
    files, tree, outcome = install(job, verified, former, progress)
    receipt = ExtractReceipt(
        definition=DEFINITION,
        inputs=inputs(job.receipt("verify")),
        archive_sha256=verified.sha256,
        tree=tree,
        files=files,
        checkpoint_prefix=verified.checkpoint_prefix,
    )
    if not archive_cache.local_archive(job):
        cache_users.note(job)
    remove_leftovers(job.receipt("extract"))
    write(job.receipt("extract"), receipt)
    if job.config.settings.keep_archives:
        return outcome
    try:
        archive_cache.drop(job)
    except OSError as error:  # the network is installed by now: this is no failure
        line = f"{job.name}: its archive stays in the cache: {disk_error('', error).why}"
        return replace(outcome, lines=(*outcome.lines, line))
    return outcome
