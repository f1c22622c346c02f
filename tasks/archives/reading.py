"""An archive read once: digested, inflated, judged member by member, and written if wanted.

    blocks ─► inflate ─► tar headers ─► each member: digests, and a file of a `Tree`
     thread     thread        the caller's own thread

Blocks come from a file (`read_file`) or from whoever has them (`read_blocks`): a download feeds
them as they arrive.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tasks.archives.names import Names
from tasks.archives.tar import Entry, Limits, TarStream, ahead, inflate, iterate_members
from tasks.core.errors import DamagedError, UnsafeArchiveError
from tasks.core.files import human_size, open_file

READ = 1 << 18
FLUSHED = 16 << 20  # bytes of a growing file after which the disk is given work
LARGEST_INDEX = 8 << 20  # all tensor-bundle indexes of an archive; the zoo's are below 200 kB
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would turn line ends

Expected = Mapping[str, tuple[int, str]]  # path → (size in bytes, sha256)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reading is to find out, and how much the archive may hold.

    Attributes:
        kinds: digests of the file besides its sha256: `git_blob_sha1`, `md5`.
        members: paths of members whose md5 and git blob id are wanted besides their sha256.
        expected: what the archive must hold, if that is known: path → (size, sha256).
        only: paths of the members that are asked for, if not all: the others are passed over, the
            file itself is not digested, and the reading ends with the last of them.
    """

    limits: Limits
    kinds: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    expected: Expected | None = None
    only: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What is known of one file of an archive. Digests that were not asked for are "".

    Attributes:
        mtime: of the file that was written, as the file system has it, in whole seconds; 0 if it
            was not written.
    """

    size: int
    sha256: str
    git_blob_sha1: str = ""
    md5: str = ""
    mtime: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What one reading of an archive found out.

    Attributes:
        size, sha256, git_blob_sha1, md5: of the compressed file; "" for what was not asked for.
        members: path below the top folder → facts, files only.
        indexes: path → bytes of each `.index` member.
        folders: paths of the folders that the archive names.
    """

    size: int
    sha256: str
    git_blob_sha1: str
    md5: str
    top_folder: str
    members: Mapping[str, MemberFacts]
    indexes: Mapping[str, bytes] = field(default_factory=dict)
    folders: tuple[str, ...] = ()


class Digests:
    """Digests of these kinds: `sha256`, `md5`, and `git_blob_sha1`, for which `size` must be the
    number of bytes that will come."""

    def __init__(self, kinds: Collection[str], size: int) -> None:
        self._digests = {
            kind: hashlib.new(kind.removeprefix("git_blob_"), usedforsecurity=kind == "sha256")
            for kind in kinds
        }
        if blob := self._digests.get("git_blob_sha1"):
            blob.update(b"blob %d\0" % size)

    def update(self, data: bytes | memoryview) -> None:
        for digest in self._digests.values():
            digest.update(data)

    def finish(self) -> dict[str, Any]:
        """Kind → hexadecimal digits, as `Facts` and `MemberFacts` have them."""
        return {kind: digest.hexdigest() for kind, digest in self._digests.items()}


class Tree:
    """Files below a folder, written as they are read. The archive's mode bits don't count.

    The disk works in a thread of its own, also while a large file grows, so that at the end hardly
    anything is waited for: a file's data must be on disk before a receipt vouches for it.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is empty or missing.

        Raises:
            OSError: the folder can't be made. All methods raise it where a file can't be written.
        """
        self._folder = folder
        self._disk = ThreadPoolExecutor(1)
        self._flushed: list[Future[None]] = []
        self._mtimes: dict[str, Future[int]] = {}
        folder.mkdir(0o755, parents=True, exist_ok=True)

    def close(self) -> None:
        """Wait for the thread."""
        self._disk.shutdown()

    def add_folder(self, path: str) -> None:
        make_folder(self._folder, path)

    @contextmanager
    def file(self, entry: Entry) -> Generator[Callable[[memoryview], None], None, None]:
        """What writes the pieces of a member."""
        make_folder(self._folder, os.path.dirname(entry.path))
        path = self._folder / entry.path
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o644)
        dirty = 0

        def write(piece: memoryview) -> None:
            nonlocal dirty
            dirty += len(piece)
            while piece:  # may take less than it was given
                piece = piece[os.write(descriptor, piece) :]
            if dirty >= FLUSHED:
                dirty = 0
                self._flushed.append(self._disk.submit(os.fsync, descriptor))

        try:
            yield write
            finished = self._disk.submit(_finish, descriptor, path, entry.mtime)
        except BaseException:
            self._disk.submit(os.close, descriptor)  # the thread may be at it
            raise
        self._mtimes[entry.path] = finished

    def finish(self) -> dict[str, int]:
        """Wait until all data is on disk: path → mtime of each file that was written."""
        for flushed in self._flushed:
            flushed.result()
        return {path: mtime.result() for path, mtime in self._mtimes.items()}


def _finish(descriptor: int, path: Path, mtime: int) -> int:
    """Have data and mtime on disk; the mtime once more, for a late write changes it."""
    try:
        set_mtime(path, mtime)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return set_mtime(path, mtime)


def tree_digest(members: Expected) -> str:
    """sha256 over the sorted lines `<sha256>  <path>`: what `find -type f | xargs sha256sum | sort`
    tells, so a tree can be checked with no help of ours."""
    lines = sorted(f"{sha256}  {path}\n" for path, (_, sha256) in members.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def make_folder(root: Path, path: str) -> None:
    """Make a folder below `root` with its parents, rwxr-xr-x less the umask."""
    folder = root
    for part in path.split("/") if path else ():
        folder = folder / part
        if not folder.is_dir():
            folder.mkdir(0o755)


def set_mtime(path: Path, mtime: int) -> int:
    """Set the mtime and give back what the file system made of it: FAT keeps even seconds only."""
    os.utime(path, (mtime, mtime))
    return int(path.stat().st_mtime)


def read_file(
    path: Path,
    wanted: Wanted,
    tree: Tree | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Facts:
    """Read an archive where it lies, as `read_blocks`."""
    size = path.stat().st_size
    digests = Digests(("sha256", *wanted.kinds) if wanted.only is None else (), size)
    with closing(ahead(_blocks_of(path, digests.update))) as blocks:
        facts = read_blocks(blocks, wanted, tree, advance)
    return replace(facts, size=size, **digests.finish())


def _blocks_of(path: Path, see: Callable[[bytes], None]) -> Generator[bytes, None, None]:
    with open_file(path) as file:
        while block := file.read(READ):
            see(block)
            yield block


def read_blocks(
    blocks: Iterator[bytes],
    wanted: Wanted,
    tree: Tree | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Facts:
    """Read an archive and find out what is in it. The file's own size and digests are left to be
    filled in.

    Args:
        tree: where its files are written.
        advance: gets compressed bytes as they are used up.

    Raises:
        DamagedError: it is broken, or not what is expected.
        UnsafeArchiveError: a member that must not be unpacked, or too many, or too large.
        OSError: the tree can't be written.
    """
    expected, names, only = wanted.expected, Names(), wanted.only
    members, indexes = dict[str, MemberFacts](), dict[str, bytes]()
    folders = list[str]()
    with closing(ahead(inflate(blocks))) as inflated:
        stream = TarStream(inflated, advance)
        for entry in iterate_members(stream, wanted.limits, names):
            if entry.kind == "folder":
                folders.append(entry.path)
                if tree is not None:
                    tree.add_folder(entry.path)
                continue
            if only is not None and entry.path not in only:
                continue
            facts, content = _read_member(stream, entry, wanted, tree)
            members[entry.path] = facts
            if expected is not None and expected.get(entry.path) != (facts.size, facts.sha256):
                raise DamagedError("archive", f"changed since it was verified ({entry.path})")
            if entry.path.endswith(".index"):
                _add_index(indexes, entry.path, content)
            if only is not None and len(members) == len(only):
                break
    if missing := sorted(set(expected or () if only is None else only) - set(members)):
        raise DamagedError("archive", f"no longer holds {missing[0]}")
    for path, mtime in (tree.finish() if tree is not None else {}).items():
        members[path] = replace(members[path], mtime=mtime)
    return Facts(0, "", "", "", names.top, members, indexes, tuple(folders))


def _add_index(indexes: dict[str, bytes], path: str, content: bytes) -> None:
    """Keep an index; all of them together have a limit."""
    indexes[path] = content
    if sum(map(len, indexes.values())) > LARGEST_INDEX:
        most = human_size(LARGEST_INDEX)
        raise UnsafeArchiveError("archive", f"holds more than {most} of .index files")


def _read_member(
    stream: TarStream, entry: Entry, wanted: Wanted, tree: Tree | None
) -> tuple[MemberFacts, bytes]:
    """What is known of a member, and the content of one that is an index."""
    more = ("git_blob_sha1", "md5") if entry.path in wanted.members else ()
    digests = Digests(("sha256", *more), entry.size)
    content = bytearray()
    with tree.file(entry) if tree is not None else nullcontext() as write:
        for piece in stream.data(entry.size):
            digests.update(piece)
            if write is not None:
                write(piece)
            if entry.path.endswith(".index") and len(content) <= LARGEST_INDEX:
                content += piece
    return MemberFacts(entry.size, **digests.finish()), bytes(content)
