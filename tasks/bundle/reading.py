"""A bundle as it is read: it is hostile until every byte of it was compared."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from tasks.bundle.layout import (
    BLOCK,
    END,
    INDEX,
    LARGEST_INDEX,
    Index,
    Piece,
    header,
    pieces,
    places,
    size_in,
    total,
)
from tasks.config import lock
from tasks.config.reading import NOT_READABLE
from tasks.core.errors import DamagedError, UnsafeArchiveError
from tasks.core.files import BLOCK as CHUNK
from tasks.core.files import human_size, open_file
from tasks.pipeline.job import Progress


class Bundle(NamedTuple):
    """A bundle whose members stand where they must; `begins`: name of a member → the byte at which
    its content begins."""

    file: Path
    listed: Index
    begins: dict[str, int]


def is_bundle(file: Path) -> bool:
    """Whether a file begins as a bundle does, whatever its name."""
    with open_file(file) as stream:
        return stream.read(100) == header(INDEX, 0)[:100]


def opened(file: Path) -> Bundle:
    """The bundle in a file, after every byte but the files' own was compared.

    Raises:
        DamagedError: it was cut off, changed, or is no bundle that this build reads.
        OSError: it can't be read.
    """
    todo = "copy it once more"
    with open_file(file) as stream:
        size = size_in(stream.read(BLOCK))
        if size is None or size > LARGEST_INDEX:
            raise DamagedError(str(file), "it is no bundle that this build reads", todo)
        head = stream.read(size)
        try:
            index = msgspec.json.decode(head, type=Index)
        except NOT_READABLE as error:
            why = f"its list of networks can't be read: {lock.decoding_fault(error)}"
            raise DamagedError(str(file), why, todo) from None
        every = pieces(head, index)
        if len({piece.name.casefold() for piece in every}) < len(every):
            raise UnsafeArchiveError(str(file), "it names a member twice")
        there = os.fstat(stream.fileno()).st_size
        if there < total(every):
            short = f"{human_size(total(every) - there)} of {human_size(total(every))} are missing"
            raise DamagedError(str(file), short, todo)
        for at, piece in places(every):
            _compare(stream.fileno(), file, at, piece)
        if os.pread(stream.fileno(), len(END) + 1, total(every) - len(END)) != END:
            raise UnsafeArchiveError(str(file), "it goes on behind its last member", todo)
    return Bundle(file, index, {piece.name: at + BLOCK for at, piece in places(every)})


def _compare(descriptor: int, file: Path, at: int, piece: Piece) -> None:
    """What stands around an archive, or is known beforehand, has to be just that."""
    known = [(at, header(piece.name, piece.size)), (at + BLOCK, piece.content)]
    known.append((at + BLOCK + piece.size, piece.padding))
    for place, expected in known:
        if os.pread(descriptor, len(expected), place) != expected:
            why = f"at byte {place} it is not what a bundle has there"
            raise DamagedError(str(file), why, "copy it once more")


def extract(bundle: Bundle, piece: Piece, what: str, copy: IO[bytes], progress: Progress) -> None:
    """Copy a member's content out of the bundle, onto the disk.

    Args:
        what: what it is, for the error.

    Raises:
        DamagedError: its bytes are not those of its digest.
        OSError: it can't be read or written.
    """
    digest, left = hashlib.sha256(), piece.size
    with open_file(bundle.file) as stream:
        stream.seek(bundle.begins[piece.name])
        while left and (block := stream.read(min(CHUNK, left))):
            digest.update(block)
            copy.write(block)
            left -= len(block)
            progress.advance(len(block))
    if digest.hexdigest() != piece.sha256:
        why = f"damaged in the bundle: its sha256 is {digest.hexdigest()}, not {piece.sha256}"
        raise DamagedError(what, why, "copy the bundle once more")
    copy.flush()
    os.fsync(copy.fileno())
