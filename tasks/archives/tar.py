"""Reading a .tar.gz once, from its first byte to its last.

tarfile reads the headers (ustar, GNU and pax dialects); the members' data are taken from the
stream directly, so nothing is buffered and nothing is written here.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tasks.archives.gzip import tar_blocks
from tasks.archives.headers import StrictHeader, has_plain_size
from tasks.archives.names import Kind, Names, unsafe
from tasks.core.errors import DamagedError, UnsafeArchiveError
from tasks.core.files import human_size

BLOCK = tarfile.BLOCKSIZE
LONGEST_HEADER = 16 << 10  # a pax or long-name header; tarfile reads these whole
LONGEST_PADDING = 1 << 20  # zeros after the end mark; tar's usual blocking factor makes 10 kB
LARGEST_INDEX = 8 << 20  # all tensor-bundle indexes of an archive; the zoo's are below 200 kB
LATEST_MTIME = 2**31 - 1

# What tarfile raises for headers that are not as they should be.
_HEADER_FAULTS = (tarfile.TarError, ValueError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold: `members`, and `unpacked` bytes."""

    members: int
    unpacked: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A member that is safe to unpack; `path` lies below the top folder ("" for the folder itself),
    `size` is in bytes, `mtime` in whole seconds."""

    path: str
    kind: Kind
    size: int
    mtime: int


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What is known of one file of an archive; other digests only where they were asked for."""

    size: int
    sha256: str
    git_blob_sha1: str = ""
    md5: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one reading of an archive found out.

    Attributes:
        size, sha256, git_blob_sha1, md5: of the compressed file; md5 is "" unless asked for.
        members: path below the top folder → facts, files only.
        indexes: path → bytes of each `.index` member.
    """

    size: int
    sha256: str
    git_blob_sha1: str
    md5: str
    top_folder: str
    members: Mapping[str, MemberFacts]
    indexes: Mapping[str, bytes] = field(default_factory=dict)


class TarStream:
    """Inflated blocks as the forward-only file that tarfile's header reading needs."""

    def __init__(self, blocks: Iterator[tuple[int, bytes]], advance: Callable[[int], None]) -> None:
        self._blocks = blocks
        self._advance = advance
        self._block = memoryview(b"")
        self._position = 0
        self.last_header = b""

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        """Go forward."""
        for _ in self.data(position - self._position):
            pass

    def read(self, size: int) -> bytes:
        """Bytes of a header; fewer at the end of the stream."""
        if not 0 <= size <= LONGEST_HEADER:
            raise UnsafeArchiveError("archive", f"holds a header of {size} bytes")
        self.last_header = b"".join(self._pieces(size))
        return self.last_header

    def data(self, size: int) -> Iterator[memoryview]:
        """The next `size` bytes, piece by piece."""
        missing = size
        for piece in self._pieces(size):
            missing -= len(piece)
            yield piece
        if missing > 0:
            raise DamagedError("archive", "ends within a member")

    def finish(self) -> None:
        """Read what follows the end mark, which may only be zeros, to the gzip's checksum."""
        if self.last_header != bytes(BLOCK):
            raise DamagedError("archive", "has a broken member header, or no end mark")
        padding = 0
        for piece in self._pieces(None):
            padding += len(piece)
            if padding > LONGEST_PADDING or any(piece):
                raise UnsafeArchiveError("archive", "holds data after its end mark")

    def _pieces(self, size: int | None) -> Iterator[memoryview]:
        while size is None or size > 0:
            if not self._block and not self._next_block():
                return
            piece, self._block = self._block[:size], self._block[size:] if size else self._block[:0]
            self._position += len(piece)
            size = None if size is None else size - len(piece)
            yield piece

    def _next_block(self) -> bool:
        """Empty blocks occur: an inflater may swallow input without giving output."""
        for took, block in self._blocks:
            self._advance(took)
            if block:
                self._block = memoryview(block)
                return True
        return False


@contextmanager
def opened(
    path: Path, advance: Callable[[int], None], see: Callable[[bytes], None] = lambda _: None
) -> Generator[TarStream, None, None]:
    """The tar inside a gzip file; `advance` gets compressed bytes as they are used up.

    Raises:
        DamagedError, UnsafeArchiveError, OSError: as `inflate.tar_blocks`, while reading.
    """
    blocks = tar_blocks(path, see)
    try:
        yield TarStream(blocks, advance)
    finally:
        blocks.close()


def iterate_members(
    stream: TarStream, limits: Limits, names: Names | None = None
) -> Iterator[Entry]:
    """Every member, checked; its data is `stream.data(entry.size)` until the next is asked for.

    Limits are held against the headers, before the data they announce is inflated.

    Raises:
        DamagedError: not a tar, or a broken or cut one.
        UnsafeArchiveError: a member that must not be unpacked, or too many, or too large.
    """
    names = names or Names()
    count = total = 0
    for member in _members(stream):
        count, total = count + 1, total + max(member.size, 0)
        _must_be_plain(member)
        if count > limits.members:
            raise UnsafeArchiveError("archive", f"holds more than {limits.members} members", _RAISE)
        if total > limits.unpacked:
            size = human_size(limits.unpacked)
            raise UnsafeArchiveError("archive", f"unpacks to more than {size}", _RAISE)
        kind: Kind = "folder" if member.isdir() else "file"
        yield Entry(names.admit(member.name, kind), kind, member.size, _mtime(member.mtime))
    stream.finish()


_RAISE = "max_members and max_unpacked in config/workspace.toml set the limits"


def _members(stream: TarStream) -> Iterator[tarfile.TarInfo]:
    try:
        # tarfile only ever calls read, seek and tell.
        tar = tarfile.TarFile(
            fileobj=stream,  # type: ignore[arg-type]
            mode="r",
            encoding="utf-8",
            tarinfo=StrictHeader,
        )
        while (member := tar.next()) is not None:
            yield member
    except _HEADER_FAULTS as fault:
        words = str(fault) or type(fault).__name__
        raise DamagedError("archive", f"is not a tar, or a broken one ({words[:80]})") from None


def _must_be_plain(member: tarfile.TarInfo) -> None:
    if member.issym() or member.islnk():
        raise unsafe(member.name, "is a link")
    if member.type == tarfile.GNUTYPE_SPARSE or member.issparse():
        raise unsafe(member.name, "is a sparse file")
    if member.isdev():
        raise unsafe(member.name, "is a device or a pipe")
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE):
        raise unsafe(member.name, "is neither a plain file nor a folder")
    if member.size < 0 or not has_plain_size(member) or (member.isdir() and member.size):
        raise unsafe(member.name, f"has an absurd size ({member.size})")


def _mtime(mtime: float) -> int:
    """Whole seconds that every file system can hold; absurd ones are clamped."""
    try:
        return min(max(int(mtime), 0), LATEST_MTIME)
    except (ValueError, OverflowError):
        return 0


def examine(
    path: Path,
    limits: Limits,
    *,
    md5: bool = False,
    more_digests: frozenset[str] = frozenset(),
    advance: Callable[[int], None] = lambda _: None,
) -> Facts:
    """Read the whole archive and find out what is in it.

    Args:
        md5: whether the file's md5 is wanted: it costs more than all other digests together.
        more_digests: members whose md5 and git blob id are wanted as well.

    Raises:
        DamagedError, UnsafeArchiveError: as `iterate_members`.
        OSError: the file can't be read.
    """
    size = path.stat().st_size
    digests = _Digests(size, git=True, md5=md5)
    names, members, indexes = Names(), dict[str, MemberFacts](), dict[str, bytes]()
    kept = 0
    with opened(path, advance, digests.update) as stream:
        for entry in iterate_members(stream, limits, names):
            if entry.kind == "file":
                is_index = entry.path.endswith(".index")
                facts, content = _read(stream, entry, entry.path in more_digests, is_index)
                members[entry.path] = facts
                if is_index:
                    indexes[entry.path] = content
                    kept += len(content)
                if kept > LARGEST_INDEX:
                    most = human_size(LARGEST_INDEX)
                    raise UnsafeArchiveError("archive", f"holds more than {most} of .index files")
    sha256, git_blob_sha1, of_md5 = digests.finish()
    return Facts(size, sha256, git_blob_sha1, of_md5, names.top, members, indexes)


def _read(stream: TarStream, entry: Entry, more: bool, keep: bool) -> tuple[MemberFacts, bytes]:
    digests = _Digests(entry.size, git=more, md5=more)
    kept = bytearray()
    for piece in stream.data(entry.size):
        digests.update(piece)
        if keep and len(kept) <= LARGEST_INDEX:
            kept += piece
    return MemberFacts(entry.size, *digests.finish()), bytes(kept)


class _Digests:
    """sha256, and where wanted git's blob id and md5, of bytes whose number is known before."""

    def __init__(self, size: int, *, git: bool, md5: bool) -> None:
        self._sha256 = hashlib.sha256()
        self._git = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False) if git else None
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None

    def update(self, data: bytes | memoryview) -> None:
        for digest in (self._sha256, self._git, self._md5):
            if digest is not None:
                digest.update(data)

    def finish(self) -> tuple[str, str, str]:
        sha256, git, md5 = self._sha256, self._git, self._md5
        return sha256.hexdigest(), git.hexdigest() if git else "", md5.hexdigest() if md5 else ""
