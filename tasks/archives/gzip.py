"""From a gzip file's blocks to the bytes that it holds, checked to the last one."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from tasks.core.errors import DamagedError, UnsafeArchiveError

T = TypeVar("T")
Inflated = Generator[tuple[int, bytes], None, None]
INFLATED = 1 << 20
GZIP_WINDOW = 31  # zlib's code for: gzip header and trailer, largest window

_OTHER_FORMATS = (
    (b"PK\x03\x04", "is a zip file, not a .tar.gz"),
    (b"BZh", "is a .bz2 file, not a .tar.gz"),
    (b"\xfd7zXZ", "is an .xz file, not a .tar.gz"),
    (b"\x28\xb5\x2f\xfd", "is a .zst file, not a .tar.gz"),
    (b"version https://git-lfs", "is a git-lfs pointer, not the file that it stands for"),
)


def inflate(blocks: Iterator[bytes]) -> Inflated:
    """The inflated content in blocks of at most 1 MiB, each with the number of compressed bytes
    that it took. Some tools join gzip members silently, others stop after the first: two readings
    of one file are a way to smuggle, so a second member is refused.

    Raises:
        DamagedError: not gzip, cut short, a checksum that disagrees, bytes after its end.
        UnsafeArchiveError: several gzip members in one file.
    """
    engine, error = _new_engine()
    block = next(blocks, b"")
    if block[:2] != b"\x1f\x8b":
        raise DamagedError("archive", _what_it_is(block))
    try:
        while block and not engine.eof:
            took = len(block)
            while block and not engine.eof:
                data = engine.decompress(block, INFLATED)
                yield took, data
                took, block = 0, engine.unconsumed_tail
            block = block if engine.eof else next(blocks, b"")
        while not engine.eof and (data := engine.decompress(b"", INFLATED)):
            yield 0, data
    except error as fault:
        raise DamagedError("archive", f"does not inflate ({fault})") from None
    _must_end(engine, blocks)


def _new_engine() -> tuple[Any, type[Exception]]:
    """ISA-L inflates twice as fast as zlib; zlib does where isal has no wheel."""
    engines: Any = zlib
    with suppress(ImportError):
        from isal import isal_zlib as engines
    return engines.decompressobj(GZIP_WINDOW), engines.error


def _what_it_is(start: bytes) -> str:
    """What a file that is not gzip is, by its first bytes."""
    if not start:
        return "is empty"
    if start[257:262] == b"ustar":
        return "is a plain tar, not a .tar.gz"
    for magic, words in _OTHER_FORMATS:
        if start.startswith(magic):
            return words
    if start.lstrip()[:1] == b"<":
        return "is an HTML or XML page, not a .tar.gz"
    return "is not gzip"


def _must_end(engine: Any, blocks: Iterator[bytes]) -> None:
    if not engine.eof:
        raise DamagedError("archive", "ends too soon")
    rest = engine.unused_data or next(blocks, b"")
    if rest[:2] == b"\x1f\x8b":
        raise UnsafeArchiveError("archive", "holds more than one gzip member", "pack it anew")
    if rest:
        raise DamagedError("archive", "has bytes after the end of its gzip data")


def ahead(items: Generator[T, None, None], depth: int = 3) -> Generator[T, None, None]:
    """The same items, made in a thread that stays at most `depth` items ahead: reading, hashing,
    inflating and writing overlap, because hashlib, zlib and isal let go of the interpreter's lock.
    Close the generator when it is left early."""
    end: Any = object()
    thread = ThreadPoolExecutor(1)
    try:
        made = deque(thread.submit(next, items, end) for _ in range(depth))
        while (item := made.popleft().result()) is not end:
            made.append(thread.submit(next, items, end))
            yield item
    finally:
        thread.shutdown(cancel_futures=True)
        items.close()
