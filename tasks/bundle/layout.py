"""What a bundle is: a plain tar of which every byte follows from its first member.

    tod-bundle/bundle.json           the networks: digests, catalogue tables, entries of the lock
    tod-bundle/SHA256SUMS            for `sha256sum -c`, and over bundle.json itself
    tod-bundle/archives/<network>.tar.gz
    tod-bundle/packages/<file>       what the trainer is installed from, if it was asked for

Nothing in it tells who packed it or when. A reader needs no tar: it computes what has to stand
where, and whatever else stands there (another name, a link, a device, a sparse file, a member more)
is no bundle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from tasks.config.types import Bytes, FileName, Frozen, LockEntry, Network, Sha256, Text

TOP = "tod-bundle"
INDEX = f"{TOP}/bundle.json"
BLOCK = 512  # of a tar
END = bytes(2 * BLOCK)
LARGEST_INDEX = 16 << 20  # bytes; a network takes about 2 kB
LONGEST_NAME = 100  # of a tar's header, without the folder


class Carried(Frozen, frozen=True, kw_only=True):
    """A network in a bundle.

    Attributes:
        sha256, size: of its archive.
        network: its table in the catalogue, without what is secret or means nothing elsewhere.
        lock: what config/zoo.lock had of it; None if the catalogue alone settles it.
    """

    sha256: Sha256
    size: Bytes
    network: Network
    lock: LockEntry | None = None


class Package(Frozen, frozen=True, kw_only=True):
    """A file that a package of requirements-train.lock is installed from."""

    file: FileName
    sha256: Sha256
    size: Bytes


class Packages(Frozen, frozen=True, kw_only=True):
    """The trainer's packages; `made_for` is the Python and the system that they are for."""

    made_for: Text
    files: tuple[Package, ...]


class Index(Frozen, frozen=True, kw_only=True):
    """The content of bundle.json."""

    version: Literal[1]
    networks: tuple[Carried, ...]
    training: Packages | None = None


class Piece(NamedTuple):
    """A member: its name, size in bytes and sha256; its content, where that is small."""

    name: str
    size: int
    sha256: str
    content: bytes = b""

    @property
    def padding(self) -> bytes:
        return bytes(-self.size % BLOCK)


def encoded(index: Index) -> bytes:
    """The bytes of bundle.json."""
    return msgspec.json.format(msgspec.json.encode(index, order="deterministic"), indent=1) + b"\n"


def archive(carried: Carried) -> Piece:
    """The member that holds a network's archive."""
    return _file("archives", f"{carried.network.name}.tar.gz", carried.size, carried.sha256)


def package(one: Package) -> Piece:
    """The member that holds a file of the trainer's."""
    return _file("packages", one.file, one.size, one.sha256)


def _file(folder: str, name: str, size: int, sha256: str) -> Piece:
    """A member, which is called by its digest where its name is too long."""
    name = name if len(name) <= LONGEST_NAME else sha256
    return Piece(f"{TOP}/{folder}/{name}", size, sha256)


def contents(index: Index) -> list[Piece]:
    """The archives and the packages, in order."""
    packages = index.training.files if index.training is not None else ()
    return [*map(archive, index.networks), *map(package, packages)]


def pieces(head: bytes, index: Index) -> list[Piece]:
    """All members, in order. `head` is bundle.json as it is, or will be, in the file."""
    first = _small(INDEX, head)
    files = contents(index)
    sums = "".join(
        f"{piece.sha256}  {piece.name.removeprefix(f'{TOP}/')}\n" for piece in (first, *files)
    )
    return [first, _small(f"{TOP}/SHA256SUMS", sums.encode()), *files]


def _small(name: str, content: bytes) -> Piece:
    return Piece(name, len(content), hashlib.sha256(content).hexdigest(), content)


def header(name: str, size: int) -> bytes:
    """A plain file's header, as POSIX has it; of more than 8 GiB, as GNU tar has it."""
    folder, _, file = name.rpartition("/")
    fits = size < 8**11
    number = b"%011o\0" % size if fits else b"\x80" + size.to_bytes(11, "big")
    fields = (
        *(_field(file, 100), b"0000644\0", b"0000000\0", b"0000000\0", number, b"00000000000\0"),
        *(b" " * 8, b"0", bytes(100), b"ustar\x0000", bytes(32), bytes(32)),
        *(b"0000000\0", b"0000000\0", _field(folder, 155), bytes(12)),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _field(text: str, width: int) -> bytes:
    return text.encode("ascii").ljust(width, b"\0")


def size_in(block: bytes) -> int | None:
    """The size that a header tells; None if it is not one that `header` writes for bundle.json."""
    digits = block[124:135]
    size = int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else None
    return size if size is not None and block == header(INDEX, size) else None


def places(every: list[Piece]) -> Iterator[tuple[int, Piece]]:
    """Each member with the byte at which its header begins."""
    at = 0
    for piece in every:
        yield at, piece
        at += BLOCK + piece.size + len(piece.padding)


def total(every: list[Piece]) -> int:
    """Bytes of the whole file."""
    return sum(BLOCK + piece.size + len(piece.padding) for piece in every) + len(END)
