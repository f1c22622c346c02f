"""The work of extraction: which of three states is on disk, and what each calls for.

    nothing there             publish the staged tree by a rename; without one, unpack first
    there, with our receipt   plan what differs, restore single files (see `plan`)
    there, with no receipt    a network unpacked by hand: adopted, what is missing filled in; if a
                              file of it differs it is the user's, and untouched. Where no file
                              is the archive's, as after `doit clean` where something stayed, it
                              is no network: one is unpacked around what is there

Killed at any instant, the next run finds one of these three states.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from tasks.archives.reading import Facts, Tree, tree_digest
from tasks.config import lock
from tasks.core.errors import (
    DamagedError,
    UnsafeArchiveError,
    UserFilesError,
)
from tasks.core.files import first_of, remove_leftovers, sync_tree
from tasks.core.staging import made_aside, remove_strays
from tasks.core.text import count
from tasks.extract.plan import Plan, plan, put_in_place, settle
from tasks.pipeline import archive_cache, reading
from tasks.pipeline.job import NetworkJob, Outcome, Progress, refusal
from tasks.pipeline.receipts import ExtractReceipt, FileRecord, VerifyReceipt
from tasks.pipeline.room import Writing, by_disk, must_fit

Files = dict[str, FileRecord]


def install(
    job: NetworkJob, verified: VerifyReceipt, former: ExtractReceipt | None, progress: Progress
) -> tuple[Files, str, Outcome]:
    """Make pre-trained/<network>/ what the archive holds.

    Args:
        verified: what the archive holds.
        former: the last receipt, if any; files that it does not list are the user's.

    Returns:
        The files as they now are, their tree digest, and what was done.
    """
    tree = tree_digest(verified.members)
    _settle_lock(job, tree)
    remove_strays(job.staging)
    folder = job.workspace.network(job.name)
    _must_be_a_folder(job, folder)
    if os.path.lexists(folder):
        reading.discard(job)
    if not os.path.lexists(folder):
        files, outcome = _install_all(job, verified, progress)
    elif former is not None and former.files:
        files, outcome = _mend(job, verified, former.files, progress)
    else:
        files, outcome = _adopt(job, verified, progress)
    sync_tree(folder)
    return files, tree, outcome


def _settle_lock(job: NetworkJob, tree: str) -> None:
    """The lock must agree; one that lacks the tree gets it before anything is installed, for
    afterwards nothing would bring us here again."""
    entry = job.lock_entry()
    if entry is None or entry.tree == tree:
        return
    if entry.tree:
        raise refusal(job, f"its tree is {tree[:12]}…, config/zoo.lock has {entry.tree[:12]}…")
    remove_leftovers(job.workspace.lock_file)
    full = msgspec.structs.replace(entry, tree=tree)
    lock.record(job.workspace.lock_file, job.name, full, locked=job.locked)


def _must_be_a_folder(job: NetworkJob, folder: Path) -> None:
    """An empty folder is nothing; a file or a link is the user's."""
    with suppress(FileNotFoundError):
        mode = os.lstat(folder).st_mode
        if not stat.S_ISDIR(mode):
            kind = "a link" if stat.S_ISLNK(mode) else "a file"
            raise UserFilesError(job.name, f"{folder} is {kind} of yours", "move it away")
        with suppress(OSError):
            folder.rmdir()


def _install_all(
    job: NetworkJob, verified: VerifyReceipt, progress: Progress
) -> tuple[Files, Outcome]:
    archive, network = _archive(job), job.workspace.network(job.name)
    with made_aside(job.staging) as held:
        folder = reading.claim(job, held)
        facts = reading.staged_facts(job, archive, verified.sha256, folder)
        if facts is None:
            shutil.rmtree(folder, ignore_errors=True)
            facts = _unpack(job, archive, verified, folder / "tree", None, progress)
            if not reading.is_as_written(folder / "tree", facts):
                raise UserFilesError(job.name, f"{folder} was changed while it was written")
        try:
            (folder / "tree").rename(network)
        except OSError:
            if not os.path.lexists(network):
                raise
            return _adopt(job, verified, progress)  # another process was faster
    files = _records(facts, sorted(verified.members))
    size = sum(record.size for record in files.values())
    return files, Outcome("built", count(len(files), "file"), size)


def _records(facts: Facts, paths: Iterable[str]) -> Files:
    found = ((path, facts.members[path]) for path in paths)
    return {path: FileRecord(member.size, member.sha256, member.mtime) for path, member in found}


def _mend(
    job: NetworkJob, verified: VerifyReceipt, former: Files, progress: Progress
) -> tuple[Files, Outcome]:
    folder = job.workspace.network(job.name)
    todo = plan(folder, verified.members, former)
    written: Files = {}
    lines: tuple[str, ...] = ()
    if todo.written:
        with made_aside(job.staging) as staged:
            facts = _unpack(job, _archive(job), verified, staged / "tree", todo.written, progress)
            taken = {*verified.members, *former}
            lines = put_in_place(folder, staged / "tree", facts.folders, todo, taken)
        written = _records(facts, todo.written)
    # Sorted: a receipt must not tell in which order files were found.
    files = dict(sorted({**settle(folder, todo), **written}.items()))
    left = tuple(f"{folder}/{path} is left: you changed it" for path in todo.left)
    size = sum(record.size for record in written.values())
    return files, Outcome("built", _mended(todo), size or None, (*lines, *left))


def _mended(todo: Plan) -> str:
    if len(todo.written) == 1:
        return f"{todo.written[0]} restored"
    if todo.written:
        return f"{len(todo.written)} files restored"
    return f"{len(todo.removed)} old files removed" if todo.removed else "all files are right"


def _adopt(job: NetworkJob, verified: VerifyReceipt, progress: Progress) -> tuple[Files, Outcome]:
    """Take over what was unpacked by hand, or by a run that was killed before its receipt."""
    folder = job.workspace.network(job.name)
    todo = plan(folder, verified.members, {})
    if todo.aside and todo.touched:
        differing = [f"{path} differs" for path in todo.aside]
        told = "; ".join(first_of(differing, 1, job.workspace.whole_list("extract", job.name)))
        why = f"{folder} is not what its archive holds: {told}"
        raise UserFilesError(job.name, why, f"move {folder} away and run doit again")
    if todo.written:
        return _mend(job, verified, {}, progress)
    files = dict(sorted(settle(folder, todo).items()))
    return files, Outcome("built", f"{count(len(files), 'file')} found in place, adopted")


def _archive(job: NetworkJob) -> Path:
    archive = archive_cache.archive_of(job)
    if archive is None:
        raise DamagedError(job.name, "the archive is gone", "run doit again to fetch it anew")
    return archive


def _unpack(
    job: NetworkJob,
    archive: Path,
    verified: VerifyReceipt,
    into: Path,
    only: list[str] | None,
    progress: Progress,
) -> Facts:
    """Read the archive where it lies and write its files, or `only` these. Its bytes may have
    changed since it was verified, so each member that is written is compared again."""
    expected, folder = verified.members, job.workspace.pre_trained
    size = sum(expected[path][0] for path in only or expected)
    must_fit(job.name, by_disk([Writing(folder, size, size)]), "make room, and run doit again")
    try:
        with closing(Tree(into)) as tree:
            return reading.read(
                job, archive, "extract", progress, tree=tree, expected=expected, only=only
            )
    except (DamagedError, UnsafeArchiveError) as error:
        raise reading.for_user(job, archive, error, "") from error
