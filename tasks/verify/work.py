"""The work of verification: read, judge, and decide what becomes of the archive.

    read it all ─► judge ─► the lock, if nobody vouched
        │            ├ refused: set aside until the user accepts it
        │            └ unfit: stays; another download would bring the same
        └ damaged: set aside, the next run fetches it anew

Where the archive is gone (it need not be kept) but was read once, what the receipts tell of it is
judged again.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from tasks.archives.reading import Facts, MemberFacts
from tasks.config import lock
from tasks.config.types import LockEntry
from tasks.core.errors import DamagedError, RefusedError, UnsafeArchiveError
from tasks.core.files import remove, remove_leftovers
from tasks.core.receipts import read
from tasks.pipeline import archive_cache, reading
from tasks.pipeline.job import NetworkJob, Outcome, Progress, refusal
from tasks.pipeline.receipts import DownloadReceipt, VerifyReceipt, receipt_of
from tasks.verify.judge import LOCK, Verdict, judge


def verify(
    job: NetworkJob, download: DownloadReceipt, definition: str, progress: Progress
) -> tuple[Facts, Verdict, Outcome]:
    """Find out what the archive is, and whether that is right.

    Args:
        definition: of the step, as it is now.
    """
    archive = archive_cache.archive_of(job)
    former = read(job.receipt("verify"), VerifyReceipt)
    if former is not None and (former.status, former.sha256) != ("done", download.sha256):
        former = None  # it tells of another archive
    same = former is not None and former.definition == definition
    facts = _known_facts(job, download, former if same or archive is None else None, archive)
    if facts is None and archive is not None:
        facts = reading.staged_facts(job, archive, download.sha256)
    if facts is None:
        facts = _read_archive(job, download, archive, progress)
    entry = job.lock_entry()
    verdict = judge(facts, job.network, entry)
    if verdict.kind != "ok":
        raise _refusal(job, archive, facts.sha256, verdict)
    agreed = former.checked if former is not None and same else verdict.checked
    checked = tuple(word for word in agreed if word != LOCK)
    if entry is not None:
        checked = (LOCK, *checked)
    note = _note(facts, checked, is_gone=archive is None)
    lines = tuple(f"{job.name}: {warning}" for warning in verdict.warnings)
    if entry is None and not job.network.archive.settled:
        _trust(job, facts, download)
        note += f"; recorded in {LOCK}"
        checked = (LOCK, *checked)  # as a second run would find it
    return facts, replace(verdict, checked=checked), Outcome("built", note, facts.size, lines)


def verify_file(
    job: NetworkJob, file: Path, progress: Progress, *, accepting: bool = False
) -> tuple[Facts, str]:
    """Read an archive where it lies, as if it had been downloaded; nothing is recorded or moved.

    Args:
        accepting: the user vouches for its bytes: no record and no lock is held against them.

    Returns:
        What was found out, and what could be checked, in words.

    Raises:
        DamagedError: it is no whole archive.
        RefusedError: it is whole, but unlike a record, or not fit for this network.
        UnsafeArchiveError: it holds a member that must not be unpacked.
        OSError: it can't be read.
    """
    try:
        facts = reading.read(job, file, "verify", progress)
    except DamagedError as error:
        raise DamagedError(str(file), error.why, "fetch it once more") from error
    except UnsafeArchiveError as error:
        raise UnsafeArchiveError(str(file), error.why, error.todo) from error
    entry = job.lock_entry()
    if accepting:
        entry = LockEntry(sha256=facts.sha256, size=facts.size, attested_by="user")
    verdict = judge(facts, job.network, entry)
    if verdict.kind == "refused":
        why = f"it is whole but not the archive on record: {verdict.why}"
        command = shlex.join(["doit", "accept", job.name, str(file)])
        raise RefusedError(str(file), why, f"`{command}` trusts it all the same")
    if verdict.kind == "unfit":
        raise RefusedError(str(file), f"it is no archive of {job.name}: {verdict.why}")
    checked = tuple(word for word in verdict.checked if not (accepting and word == LOCK))
    return facts, _note(facts, checked)


def _read_archive(
    job: NetworkJob, download: DownloadReceipt, archive: Path | None, progress: Progress
) -> Facts:
    """Read the archive; what is broken, or not what the download ended with, is set aside."""
    if archive is None:
        receipt = job.receipt("download")
        raise DamagedError(job.name, "the archive is gone", f"remove {receipt} to fetch it anew")
    try:
        facts = reading.read_and_stage(job, archive, progress)
    except (DamagedError, UnsafeArchiveError) as error:
        raise reading.for_user(job, archive, error, download.attested_by) from error
    if facts.sha256 != download.sha256:
        raise reading.damaged(job, archive, "changed since it was fetched")
    return facts


def _trust(job: NetworkJob, facts: Facts, download: DownloadReceipt) -> None:
    """Trust on first use: what no confirmed digest vouches for is recorded once, then enforced.
    Whoever answered over plain http would be trusted for ever, so that is refused."""
    # What an earlier version fetched over http may name the server's own hash as what attests it.
    if download.attested_by in ("none", "") or download.source.lower().startswith("http://"):
        why = "it came over plain http, and no confirmed digest vouches for it"
        todo = f"fetch it over https, or trust it with `doit accept {job.name}`"
        raise RefusedError(job.name, why, todo)
    entry = LockEntry(
        sha256=facts.sha256,
        size=facts.size,
        source=download.source,
        attested_by=download.attested_by,
    )
    remove_leftovers(job.workspace.lock_file)
    lock.record(job.workspace.lock_file, job.name, entry, locked=job.locked)


def _refusal(job: NetworkJob, archive: Path | None, sha256: str, verdict: Verdict) -> RefusedError:
    """An archive that is not the one on record is set aside. One that is not fit stays where it is:
    the same download would come again, and the fault may lie in the catalogue's entry, which the
    user can mend."""
    if verdict.kind == "refused":
        if archive is not None:
            archive_cache.set_aside(job, archive, "refused")
        settled = lock.settled(job.workspace.lock_file, job.network)
        if reading.is_installed(job) and settled not in (None, sha256):
            remove(job.receipt("download"))  # else an installed network needs no other archive
        return refusal(job, f"the archive is whole but not the one on record: {verdict.why}")
    todo = "saved_model and pipeline_config of its entry say what it must have"
    if archive is not None:
        todo = f"{todo}; {reading.what_to_do(job, archive)}"
    return RefusedError(job.name, f"the archive is not fit: {verdict.why}", todo)


def _note(facts: Facts, checked: tuple[str, ...], *, is_gone: bool = False) -> str:
    """What was found out, in words; of an archive that is gone it was found out before."""
    own = [what for what in checked if " of " not in what]
    verb = "agree" if len(own) > 1 else "agrees"
    agreed = f"{', '.join(own)} {verb}" if own else "nothing on record to compare with"
    files = f"{len(facts.members)} files"
    return (
        f"{files}, of an archive that is gone by now; {agreed}" if is_gone else f"{files}; {agreed}"
    )


def _known_facts(
    job: NetworkJob,
    download: DownloadReceipt,
    former: VerifyReceipt | None,
    archive: Path | None,
) -> Facts | None:
    """What earlier receipts tell of this very archive, where reading it again is impossible, or
    would tell no more: only the lock or the way it was fetched changed."""
    if former is not None:
        members = {path: MemberFacts(*facts) for path, facts in former.members.items()}
        digests = (former.sha256, former.git_blob_sha1, "")
        return Facts(former.size, *digests, former.top_folder, members)
    extracted = receipt_of(job.workspace, job.name)
    if archive is None and extracted is not None and extracted.archive_sha256 == download.sha256:
        members = {path: MemberFacts(f.size, f.sha256) for path, f in extracted.files.items()}
        return Facts(download.size, download.sha256, "", "", "", members)
    return None
