"""Reading a network's archive: what is wanted of it, the tree that is staged meanwhile, and what
the user is told of an archive that can't be used.

An archive is read once. Whoever reads it first (the download while it fetches, else verify) writes
its files into a *staged tree*, if the network is not installed; verify judges the facts that were
found on the way, and extract publishes the tree by a rename. Where there is no such tree, or it is
not what its note says, the archive is read where it lies, by the same code. OSError is raised where
pre-trained/ or the cache can't be written.

    pre-trained/.<network>.staging-<token>/staged/   a tree that grows; held by its process
    pre-trained/.<network>.staging/                  a complete one: `tree/`, and `note.json`
"""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from queue import Queue
from threading import Thread

import msgspec

from tasks.archives.reading import (
    Digests,
    Expected,
    Facts,
    Tree,
    Wanted,
    read_blocks,
    read_file,
)
from tasks.archives.tar import Limits
from tasks.core.errors import DamagedError, TodError, UnsafeArchiveError
from tasks.core.files import LARGEST_STATE, free_space, remove
from tasks.core.files import read_file as read_small
from tasks.core.receipts import digest
from tasks.core.staging import (
    NOTE,
    complete,
    discard_complete,
    is_complete,
    made_aside,
    remove_strays,
)
from tasks.core.temporary import is_own
from tasks.pipeline import archive_cache
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob, Progress
from tasks.pipeline.room import UNPACKED_RATIO

VERSION = 1
AHEAD = 8  # blocks that a download may be ahead of the reading


class Note(msgspec.Struct, frozen=True):
    """What a staged tree is.

    Attributes:
        definition: what was asked of the reading.
        facts: what it found; the members' mtimes are those of the files.
        mtime_ns: of the archive.
    """

    definition: str
    facts: Facts
    mtime_ns: int


def _wanted(job: NetworkJob) -> Wanted:
    """Only digests that somebody recorded are taken besides sha256: each costs about as much."""
    archive, members = job.network.archive, job.network.members.items()
    kinds = tuple(kind for kind in ("git_blob_sha1", "md5") if getattr(archive, kind))
    limits = Limits(job.config.settings.max_members, job.config.settings.max_unpacked)
    recorded = tuple(path for path, digests in members if digests.md5 or digests.git_blob_sha1)
    return Wanted(limits, kinds, recorded)


def _definition(job: NetworkJob) -> str:
    return digest((VERSION, _wanted(job)))


def read(
    job: NetworkJob,
    archive: Path,
    doing: str,
    progress: Progress,
    *,
    tree: Tree | None = None,
    expected: Expected | None = None,
    only: Collection[str] | None = None,
) -> Facts:
    """Read an archive where it lies; see `archives.reading.read_file`."""
    wanted = replace(_wanted(job), expected=expected, only=only)
    progress.begin(doing, archive.stat().st_size)
    try:
        return read_file(archive, wanted, tree, progress.advance)
    finally:
        progress.end()


def read_and_stage(job: NetworkJob, archive: Path, progress: Progress) -> Facts:
    """The same for verify, which leaves a staged tree if the network is not installed and there is
    room. A tree that can't be written is done without."""
    status = archive.stat()
    room = free_space(job.workspace.pre_trained) > status.st_size * UNPACKED_RATIO
    if room and not is_installed(job):
        with suppress(OSError), growing(job) as folder:
            with closing(Tree(folder / "tree")) as tree:
                facts = read(job, archive, "verify", progress, tree=tree)
            _complete(job, folder, facts, status.st_mtime_ns)
            return facts
    return read(job, archive, "verify", progress)


def is_installed(job: NetworkJob) -> bool:
    """Whether anything stands where the network belongs."""
    return os.path.lexists(job.workspace.network(job.name))


@contextmanager
def growing(job: NetworkJob) -> Generator[Path, None, None]:
    """The folder of a tree that grows, the only one of its network; what is not complete goes."""
    discard(job)
    remove_strays(job.staging)
    with made_aside(job.staging) as held:
        (held / "staged").mkdir()
        yield held / "staged"


def _complete(job: NetworkJob, folder: Path, facts: Facts, mtime_ns: int) -> None:
    note = Note(_definition(job), facts, mtime_ns)
    complete(folder, msgspec.json.encode(note), job.staging)


def discard(job: NetworkJob) -> None:
    """Remove the staged tree, if there is one."""
    discard_complete(job.staging)


def claim(job: NetworkJob, held: Path) -> Path:
    """Move the staged tree, if there is one, into a folder that this process holds: where it is."""
    if is_complete(job.staging):
        with suppress(OSError):  # another process was faster
            job.staging.rename(held / "staged")
    return held / "staged"


def staged_facts(
    job: NetworkJob, archive: Path, sha256: str, folder: Path | None = None
) -> Facts | None:
    """What the reading found that left the staged tree, or None if there is none that counts: it is
    complete, of this archive, the archive was not touched since, and nor was any file of it.

    Args:
        folder: where the tree was moved to by `claim`.
    """
    folder = folder or job.staging
    try:
        content = read_small(folder / NOTE, LARGEST_STATE)
        note = msgspec.json.decode(content, type=Note)
        if not (is_own(folder) and is_own(folder / NOTE)):
            return None
    except (OSError, msgspec.DecodeError, ValueError):
        return None
    facts, record = note.facts, ArchiveRecord(size=note.facts.size, mtime_ns=note.mtime_ns)
    counts = (
        (note.definition, facts.sha256) == (_definition(job), sha256)
        and archive_cache.is_untouched(archive, record)
        and is_as_written(folder / "tree", facts)
    )
    return facts if counts else None


def is_as_written(tree: Path, facts: Facts) -> bool:
    """Whether a stat finds every file of a tree as it was written, and no other."""
    return _files(tree) == {p: (m.size, m.mtime * 10**9) for p, m in facts.members.items()}


def _files(tree: Path) -> dict[str, tuple[int, int]]:
    """path → (size, mtime in nanoseconds) of all that lies in a tree, folders apart; of what is no
    plain file -1."""
    found: dict[str, tuple[int, int]] = {}
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with suppress(OSError), os.scandir(tree / below) as entries:
            for entry in entries:
                path = f"{below}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{path}/")
                    continue
                status = entry.stat(follow_symlinks=False)
                plain = entry.is_file(follow_symlinks=False)
                found[path] = (status.st_size, status.st_mtime_ns) if plain else (-1, -1)
    return found


class ReadAlong:
    """An archive's reading while it is fetched, which leaves a staged tree.

    It never hurts the download: if it fails, its tree goes, further blocks are dropped, and verify
    reads the archive where it lies and tells what is wrong with it.
    """

    def __init__(self, job: NetworkJob) -> None:
        self._job, self._wanted = job, _wanted(job)
        self._thread: Thread | None = None

    def begin(self, size: int | None) -> None:
        """Begin (again) with the first byte of an archive of `size` bytes. Where that is not known,
        nobody could tell whether there is room for the tree: then nothing is read."""
        self.close()
        if size is None or is_installed(self._job):
            return
        self._record: ArchiveRecord | None = None
        self._digests = Digests(self._wanted.kinds, size)
        self._queue = Queue[bytes](AHEAD)
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        """The work of the thread, which also makes and removes the tree, for a disk may be slow."""
        blocks: Iterator[bytes] = iter(self._queue.get, b"")
        try:
            with growing(self._job) as folder:
                with closing(Tree(folder / "tree")) as tree:
                    facts = read_blocks(blocks, self._wanted, tree)
                if self._record is not None:
                    found = {**self._digests.finish(), "sha256": self._record.sha256}
                    facts = replace(facts, size=self._record.size, **found)
                    _complete(self._job, folder, facts, self._record.mtime_ns)
        except (TodError, OSError):
            pass
        finally:
            for _ in blocks:
                pass

    def update(self, block: bytes) -> None:
        """The next bytes; waits while the reading is too far behind."""
        if self._thread is not None:
            self._digests.update(block)
            self._queue.put(block)

    def complete(self, record: ArchiveRecord) -> None:
        """All bytes came, and the archive has its name: leave the tree."""
        self._record = record
        self.close()

    def close(self) -> None:
        """End the reading. What is not complete goes."""
        if self._thread is not None:
            self._queue.put(b"")
            self._thread.join()
            self._thread = None


def for_user(
    job: NetworkJob, archive: Path, error: DamagedError | UnsafeArchiveError, attested_by: str
) -> TodError:
    """The same error, for the user; a damaged copy of ours is set aside.

    Args:
        attested_by: who vouches for the archive's bytes, see `DownloadReceipt`.
    """
    if isinstance(error, DamagedError):
        return damaged(job, archive, error.why, attested_by)
    todo = error.todo or what_to_do(job, archive)
    return UnsafeArchiveError(job.name, f"the archive {error.why}; nothing was unpacked", todo)


def damaged(job: NetworkJob, archive: Path, why: str, attested_by: str = "") -> DamagedError:
    """Set our copy aside. Fetching it anew mends what broke on the way, but not what is on record
    or what the host itself vouches for: then the user had better look."""
    moved = archive_cache.set_aside(job, archive, "damaged")
    if moved is None and archive_cache.is_shared(job, archive):
        remove(job.receipt("download"))  # so that the next run looks at it again
        todo = f"{archive} is a shared cache's: run doit again, which passes it over"
        return DamagedError(job.name, f"the archive {why}", todo)
    if moved is None:
        return DamagedError(job.name, f"the archive {why}", what_to_do(job, archive))
    todo = f"it is now {moved}; run doit again to fetch it anew"
    if attested_by in ("server", "recorded"):
        todo = f"{todo}, though these very bytes are vouched for ({attested_by})"
    return DamagedError(job.name, f"the archive {why}", todo)


def what_to_do(job: NetworkJob, archive: Path) -> str:
    """What to do with an archive that no download would mend."""
    if archive_cache.is_ours(job, archive):
        return f"remove {archive} to fetch it anew"
    whose = "a shared cache's" if archive_cache.is_shared(job, archive) else "your own file"
    return f"{archive} is {whose} and stays as it is"
