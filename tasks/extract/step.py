"""Step 3, extract: the network lies under pre-trained/<network>/, as the archive has it.

What is asked on every run is here, and cheap; the work itself is in `work`, imported when needed.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from tasks.config import lock
from tasks.core import ownership
from tasks.core.errors import ConfigError, DamagedError, disk_error
from tasks.core.files import remove_leftovers
from tasks.core.receipts import digest, inputs, read, write
from tasks.pipeline.installed import differences
from tasks.pipeline.job import NetworkJob, Outcome, Progress, pass_on
from tasks.pipeline.receipts import ExtractReceipt, VerifyReceipt

VERSION = 1
DEFINITION = digest(("extract", VERSION))


def why_stale(job: NetworkJob) -> str | None:
    """Why the network must be unpacked or mended, or None."""
    receipt = _receipt(job)
    why = ownership.why_stale(receipt, DEFINITION, asked="the way of unpacking")
    if why or receipt is None:
        return why
    if receipt.inputs != _inputs(job):
        verified = _verified(job)
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
    if len(found) <= 1:
        return next((_says(path, difference) for path, difference in found.items()), None)
    missing = sum(difference == "missing" for difference in found.values())
    counts = ((missing, "missing"), (len(found) - missing, "changed"))
    return " and ".join(f"{n} {_files(n)} {word}" for n, word in counts if n)


def _says(path: str, difference: str) -> str:
    return f"{path} is missing" if difference == "missing" else f"{path} changed"


def _files(number: int) -> str:
    return "file" if number == 1 else "files"


def _unlike_lock(job: NetworkJob, receipt: ExtractReceipt) -> str | None:
    try:
        entry = lock.read(job.workspace.lock_file).get(job.name)
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
        verified = _verified(job)
        if verified is not None and verified.status == "deferred":
            return pass_on(job, _path(job), _deferred(job, verified.reason))
        if why_stale(job) is None:
            return Outcome("kept")
        if verified is None:
            raise DamagedError(job.name, "its archive was not verified", "run doit again")
        return _finish(job, verified, progress)
    except OSError as error:
        raise disk_error(job.name, error) from error


def _deferred(job: NetworkJob, reason: str) -> ExtractReceipt:
    """What an earlier extraction recorded is kept: its files are still there to be mended."""
    former = _receipt(job) or ExtractReceipt(definition=DEFINITION)
    return msgspec.structs.replace(
        former, status="deferred", definition=DEFINITION, inputs=_inputs(job), reason=reason
    )


def _finish(job: NetworkJob, verified: VerifyReceipt, progress: Progress) -> Outcome:
    """Do the work, then write the receipt that ends it."""
    from tasks.extract.work import install

    files, tree, outcome = install(job, verified, _receipt(job), progress)
    receipt = ExtractReceipt(
        definition=DEFINITION,
        inputs=_inputs(job),
        archive_sha256=verified.sha256,
        tree=tree,
        files=files,
        checkpoint_prefix=verified.checkpoint_prefix,
    )
    remove_leftovers(_path(job))
    write(_path(job), receipt)
    if not job.config.settings.keep_archives:
        return _drop_archive(job, outcome)
    return outcome


def _drop_archive(job: NetworkJob, outcome: Outcome) -> Outcome:
    """The network is installed by now: an archive that can't be removed is no failure."""
    from tasks.pipeline import archive_cache

    try:
        archive_cache.drop(job)
    except OSError as error:
        line = f"{job.name}: its archive stays in the cache: {disk_error('', error).why}"
        return msgspec.structs.replace(outcome, lines=(*outcome.lines, line))
    return outcome


def _verified(job: NetworkJob) -> VerifyReceipt | None:
    return read(job.workspace.receipt("verify", job.name), VerifyReceipt)


def _receipt(job: NetworkJob) -> ExtractReceipt | None:
    return read(_path(job), ExtractReceipt)


def _path(job: NetworkJob) -> Path:
    return job.workspace.receipt("extract", job.name)


def _inputs(job: NetworkJob) -> dict[str, str]:
    return inputs(job.workspace.receipt("verify", job.name))
