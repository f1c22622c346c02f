"""Archives that must not be unpacked, each with the error and a word of it."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tasks.core.errors import DamagedError, TodError, UnsafeArchiveError
from tests.support.archives import Member, file_member, folder_member, tar, tar_gz

TOP = "net"


@dataclass(frozen=True)
class Hostile:
    """`content` makes the file; reading it must raise `error` with `words` in it."""

    name: str
    content: Callable[[], bytes]
    error: type[TodError]
    words: str


def _with(*members: Member, format: int = tarfile.GNU_FORMAT) -> Callable[[], bytes]:
    good = [folder_member(TOP), file_member(f"{TOP}/good", b"good")]
    return lambda: tar_gz([*good, *members], format)


def _named(name: str, format: int = tarfile.PAX_FORMAT) -> Callable[[], bytes]:
    return _with(file_member(name, b"evil"), format=format)


def _raw(change: Callable[[bytearray], None], *, of: int = -1) -> Callable[[], bytes]:
    """A good tar whose header bytes are changed (that of its last member), checksum mended."""

    def make() -> bytes:
        content = bytearray(tar([folder_member(TOP), file_member(f"{TOP}/good", b"good")]))
        header = bytearray(content[512:1024])
        change(header)
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        content[512:1024] = header
        return gzip.compress(bytes(content))

    return make


def _set(start: int, value: bytes) -> Callable[[bytearray], None]:
    def change(header: bytearray) -> None:
        header[start : start + len(value)] = value

    return change


def _links() -> Iterator[Hostile]:
    for kind, flag in (("symlink", tarfile.SYMTYPE), ("hard link", tarfile.LNKTYPE)):
        for target in ("../../../etc/passwd", "/etc/passwd", "good"):
            member = file_member(f"{TOP}/link", type=flag, linkname=target)
            yield Hostile(f"{kind} to {target}", _with(member), UnsafeArchiveError, "is a link")
    chained = (
        file_member(f"{TOP}/a", type=tarfile.SYMTYPE, linkname="."),
        file_member(f"{TOP}/a/b", type=tarfile.SYMTYPE, linkname=".."),
        file_member(f"{TOP}/a/b/c", b"evil"),
    )
    yield Hostile("chained links", _with(*chained), UnsafeArchiveError, "is a link")


def _kinds() -> Iterator[Hostile]:
    for name, flag in (
        ("character device", tarfile.CHRTYPE),
        ("block device", tarfile.BLKTYPE),
        ("FIFO", tarfile.FIFOTYPE),
    ):
        member = file_member(f"{TOP}/x", type=flag)
        yield Hostile(name, _with(member), UnsafeArchiveError, "device or a pipe")
    for name, flag in (("contiguous file", tarfile.CONTTYPE), ("unknown kind", b"Z")):
        member = file_member(f"{TOP}/x", type=flag)
        yield Hostile(name, _with(member), UnsafeArchiveError, "neither a plain file")
    sparse = _raw(_set(156, b"S"))
    yield Hostile("GNU sparse member", sparse, UnsafeArchiveError, "sparse")
    pax = file_member(
        f"{TOP}/x", b"0\n", pax_headers={"GNU.sparse.size": "99", "GNU.sparse.numblocks": "0"}
    )
    yield Hostile(
        "pax sparse member", _with(pax, format=tarfile.PAX_FORMAT), UnsafeArchiveError, "sparse"
    )


_NAMES = (
    ("absolute path", "/etc/evil", "absolute"),
    ("climbing path", f"{TOP}/../../evil", "climbs out"),
    ("only dots", "..", "climbs out"),
    ("backslashes", f"{TOP}\\..\\evil", "backslash"),
    ("drive letter", "C:evil", "Windows"),
    ("stream of NTFS", f"{TOP}/good:evil", "Windows"),
    ("newline", f"{TOP}/a\nb", "control character"),
    ("escape sequence", f"{TOP}/\x1b[2J", "control character"),
    ("text turned round", f"{TOP}/a\u202egpj.exe", "control character"),
    ("NUL", f"{TOP}/é\0evil", "control character"),
    ("300 bytes", f"{TOP}/{'a' * 300}", "longer than 255"),
    ("200 letters of 3 bytes", f"{TOP}/{'€' * 200}", "longer than 255"),
    ("a very long path", "/".join([TOP, *["a" * 200] * 8]), "longer than 1024"),
    ("very deep", "/".join([TOP, *["a"] * 40]), "folders deep"),
    ("device of Windows", f"{TOP}/nul.txt", "Windows"),
    ("port of Windows", f"{TOP}/COM1", "Windows"),
    ("trailing dot", f"{TOP}/good.", "Windows"),
    ("trailing space", f"{TOP}/good ", "Windows"),
    ("question mark", f"{TOP}/good?", "Windows"),
    ("same name", f"{TOP}/good", "comes twice"),
    ("same name by a detour", f"./{TOP}/.//good", "comes twice"),
    ("same name in capitals", f"{TOP}/GOOD", "case does not matter"),
    ("folder in capitals", f"{TOP.upper()}/x", "case does not matter"),
    ("file as folder", f"{TOP}/good/x", "a file and a folder"),
    ("no name", "./", "has no name"),
    ("second top folder", "other/x", "second top folder"),
    ("file beside the top folder", "README", "outside of any folder"),
)


def _limits() -> Iterator[Hostile]:
    many = [file_member(f"{TOP}/{number}") for number in range(200)]
    yield Hostile("too many members", _with(*many), UnsafeArchiveError, "more than 100 members")
    huge = _raw(_set(124, b"77777777777\0"))
    yield Hostile("8 GB announced", huge, UnsafeArchiveError, "unpacks to more than")
    larger = _raw(_set(124, b"\x80" + b"\0" * 3 + b"\xff" * 8))
    yield Hostile("16 EB announced", larger, UnsafeArchiveError, "unpacks to more than")
    negative = _raw(_set(124, b"\xff" * 12))
    yield Hostile("size below zero", negative, UnsafeArchiveError, "absurd size")
    pax = file_member(f"{TOP}/x", pax_headers={"size": "9" * 30})
    yield Hostile(
        "pax size", _with(pax, format=tarfile.PAX_FORMAT), UnsafeArchiveError, "unpacks to more"
    )
    for words, size in (("an underscore", b"0000000_004\0"), ("a sign", b"+0000000004\0")):
        odd = _raw(_set(124, size))
        yield Hostile(f"size with {words}", odd, DamagedError, "not written as tar writes")
    pax = file_member(f"{TOP}/x", b"1234567890", pax_headers={"size": "1_0"})
    yield Hostile(
        "pax size with an underscore",
        _with(pax, format=tarfile.PAX_FORMAT),
        UnsafeArchiveError,
        "absurd size",
    )
    long = file_member(f"{TOP}/x", pax_headers={"comment": "x" * 100_000})
    yield Hostile(
        "pax header of 100 kB", _with(long, format=tarfile.PAX_FORMAT), UnsafeArchiveError, "header"
    )
    yield Hostile("bomb", bomb, UnsafeArchiveError, "unpacks to more than")
    yield Hostile("zeros after the end", _zeros_after_end, UnsafeArchiveError, "after its end mark")
    folder = folder_member(f"{TOP}/d")
    sized = _raw(_set(156, b"5"))
    yield Hostile("folder with data", sized, UnsafeArchiveError, "absurd size")
    twice = _with(folder, file_member(f"{TOP}/d", b"x"))
    yield Hostile("folder, then file", twice, UnsafeArchiveError, "a file and a folder")


def bomb() -> bytes:
    """A megabyte that inflates to 1 GB of one member (more takes the test too long to make)."""
    info, _ = file_member(f"{TOP}/bomb")
    info.size = 1 << 30
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [deflate.compress(info.tobuf(tarfile.GNU_FORMAT))]
    zeros = bytes(1 << 20)
    parts += [deflate.compress(zeros) for _ in range(64)]
    return b"".join([*parts, deflate.flush()])


def _zeros_after_end() -> bytes:
    return gzip.compress(tar([folder_member(TOP), file_member(f"{TOP}/good")]) + bytes(4 << 20))


def _good() -> bytes:
    return tar_gz([folder_member(TOP), file_member(f"{TOP}/good", b"good" * 1000)])


def _no_end_mark() -> bytes:
    whole = tar([folder_member(TOP), file_member(f"{TOP}/good", b"good")])
    return gzip.compress(whole[: 3 * 512])


def _broken_header() -> bytes:
    content = bytearray(tar([folder_member(TOP), file_member(f"{TOP}/good", b"good")]))
    content[512 + 148] ^= 1
    return gzip.compress(bytes(content))


def _more_after_end() -> bytes:
    whole = tar([folder_member(TOP), file_member(f"{TOP}/good", b"good")])
    return gzip.compress(whole + tar([file_member(f"{TOP}/evil", b"evil")]))


def _zip() -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("net/good", "good")
    return out.getvalue()


_NOT_GZIP: tuple[tuple[str, Callable[[], bytes], str], ...] = (
    ("empty file", lambda: b"", "is empty"),
    ("zip", _zip, "is a zip file"),
    ("plain tar", lambda: tar([folder_member(TOP)]), "is a plain tar"),
    ("HTML page", lambda: b"<!DOCTYPE html><html>", "HTML"),
    ("git-lfs pointer", lambda: b"version https://git-lfs.github.com/spec/v1\n", "git-lfs"),
    ("noise", lambda: b"\x00\x01\x02" * 1000, "not gzip"),
    ("gzip of noise", lambda: gzip.compress(b"\x07" * 5000), "not a tar"),
    ("gzip of nothing", lambda: gzip.compress(b""), "not a tar"),
    ("trailing garbage", lambda: _good() + b"garbage", "after the end"),
    ("trailing zeros", lambda: _good() + bytes(512), "after the end"),
    ("no end mark", _no_end_mark, "no end mark"),
    ("broken header", _broken_header, "broken member header"),
)


def all_hostile() -> list[Hostile]:
    """The whole table."""
    formats = [Hostile(name, content, DamagedError, words) for name, content, words in _NOT_GZIP]
    names = [Hostile(name, _named(path), UnsafeArchiveError, words) for name, path, words in _NAMES]
    not_utf8 = _named(f"{TOP}/caf\udce9", tarfile.GNU_FORMAT)
    return [
        *formats,
        *names,
        *_links(),
        *_kinds(),
        *_limits(),
        Hostile("not UTF-8", not_utf8, UnsafeArchiveError, "not UTF-8"),
        Hostile("two gzip members", lambda: _good() * 2, UnsafeArchiveError, "gzip member"),
        Hostile("a second tar", _more_after_end, UnsafeArchiveError, "after its end mark"),
    ]
