"""Reading an archive through: what is found out, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import subprocess
import sys
import tarfile
import threading
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.archives.reading import Facts, Wanted, read_file
from tasks.archives.tar import Limits
from tasks.core.errors import DamagedError, TodError, UnsafeArchiveError
from tests.support.archives import (
    NETWORK,
    file_member,
    folder_member,
    tar,
    tar_gz,
    zoo_archive,
    zoo_files,
)
from tests.support.hostile import Hostile, all_hostile, bomb

LIMITS = Limits(members=100, unpacked=50_000_000)
WANTED = Wanted(LIMITS)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive.tar.gz"


def read(path: Path, content: bytes) -> Facts:
    path.write_bytes(content)
    return read_file(path, WANTED)


def test_every_member_is_told_with_its_size_and_sha256(archive: Path) -> None:
    files = zoo_archive(archive)
    facts = read_file(archive, WANTED)
    assert facts.top_folder == NETWORK
    assert {path: (m.size, m.sha256) for path, m in facts.members.items()} == {
        path: (len(content), hashlib.sha256(content).hexdigest()) for path, content in files.items()
    }


def test_the_files_own_digests_are_those_that_other_tools_tell(archive: Path) -> None:
    zoo_archive(archive)
    content = archive.read_bytes()
    facts = read_file(archive, Wanted(LIMITS, ("git_blob_sha1", "md5")))
    assert facts.size == len(content)
    assert facts.sha256 == hashlib.sha256(content).hexdigest()
    assert facts.md5 == hashlib.md5(content).hexdigest()
    blob = b"blob %d\0" % len(content) + content
    assert facts.git_blob_sha1 == hashlib.sha1(blob).hexdigest()


def test_more_digests_of_a_member_are_told_where_they_are_asked_for(archive: Path) -> None:
    content = zoo_archive(archive)["pipeline.config"]
    facts = read_file(archive, Wanted(LIMITS, members=("pipeline.config",)))
    blob = b"blob %d\0" % len(content) + content
    assert facts.members["pipeline.config"].git_blob_sha1 == hashlib.sha1(blob).hexdigest()
    assert facts.members["pipeline.config"].md5 == hashlib.md5(content).hexdigest()
    assert facts.members["checkpoint/checkpoint"].md5 == ""


def test_index_files_are_kept(archive: Path) -> None:
    files = zoo_archive(archive)
    facts = read_file(archive, WANTED)
    assert facts.indexes == {p: c for p, c in files.items() if p.endswith(".index")}


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_dialect_of_tar_is_read(archive: Path, format: int) -> None:
    long = f"{NETWORK}/{'a' * 60}/{'b' * 70}"
    members = [folder_member(NETWORK), file_member(long, b"x" * 1000)]
    facts = read(archive, tar_gz(members, format))
    assert set(facts.members) == {long.removeprefix(f"{NETWORK}/")}


def test_names_with_a_leading_dot_folder_are_read(archive: Path) -> None:
    members = [
        folder_member("./"),
        folder_member(f"./{NETWORK}"),
        file_member(f"./{NETWORK}/a", b"x"),
    ]
    facts = read(archive, tar_gz(members))
    assert facts.top_folder == NETWORK
    assert set(facts.members) == {"a"}


def test_folders_need_no_member_of_their_own(archive: Path) -> None:
    facts = read(archive, tar_gz([file_member("net/a/b", b"x")]))
    assert (facts.top_folder, set(facts.members)) == ("net", {"a/b"})


def test_an_archive_that_real_tar_made_is_read(archive: Path, tmp_path: Path) -> None:
    for path, content in zoo_files().items():
        (tmp_path / "net" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "net" / path).write_bytes(content)
    subprocess.run(["tar", "-czf", archive, "-C", tmp_path, "./net"], check=True)
    assert "checkpoint/ckpt-0.index" in read_file(archive, WANTED).members


def test_progress_adds_up_to_the_archives_size(archive: Path) -> None:
    zoo_archive(archive, zoo_files(size=900_000), level=0)
    amounts: list[int] = []
    read_file(archive, WANTED, advance=amounts.append)
    assert sum(amounts) == archive.stat().st_size
    assert len([amount for amount in amounts if amount]) > 3


@pytest.mark.parametrize("hostile", all_hostile(), ids=lambda h: h.name)
def test_a_hostile_archive_is_refused(archive: Path, hostile: Hostile) -> None:
    with pytest.raises(hostile.error, match=hostile.words) as caught:
        read(archive, hostile.content())
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_mode_bits_of_any_kind_do_no_harm(archive: Path) -> None:
    modes = (0, 0o777, 0o4755, 0o7777, 0o2_000_000)
    members = [file_member(f"net/{mode}", b"x", mode=mode) for mode in modes]
    assert len(read(archive, tar_gz(members)).members) == len(modes)


def test_absurd_times_do_no_harm(archive: Path) -> None:
    times = ("nan", "inf", "-inf", "-1", "1e300", "x")
    members = [file_member(f"net/{t}", b"x", pax_headers={"mtime": t}) for t in times]
    assert len(read(archive, tar_gz(members, tarfile.PAX_FORMAT)).members) == len(times)


def test_a_hundred_thousand_members_stop_at_the_limit(archive: Path) -> None:
    header = bytearray(file_member("net/0000000")[0].tobuf())
    headers = bytearray()
    for number in range(100_000):
        header[4:11] = b"%07d" % number
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        headers += header
    with pytest.raises(UnsafeArchiveError, match="more than 100 members"):
        read(archive, gzip.compress(bytes(headers), 1))


def test_a_bomb_is_stopped_before_it_goes_off(archive: Path) -> None:
    archive.write_bytes(bomb())
    consumed: list[int] = []
    with pytest.raises(UnsafeArchiveError, match="unpacks to more than"):
        read_file(archive, WANTED, advance=consumed.append)
    assert len(consumed) == 1


def test_a_bomb_in_padding_or_headers_takes_little_memory(archive: Path) -> None:
    archive.write_bytes(gzip.compress(tar([file_member("net/a")]) + bytes(200 << 20), 1))
    tracemalloc.start()
    with pytest.raises(UnsafeArchiveError):
        read_file(archive, WANTED)
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_reading_ends_its_threads(archive: Path) -> None:
    before = threading.active_count()
    zoo_archive(archive, zoo_files(size=3_000_000))
    read_file(archive, WANTED)
    with pytest.raises(UnsafeArchiveError):
        read_file(archive, Wanted(Limits(members=1, unpacked=10**9)))
    assert threading.active_count() == before


def test_an_archive_cut_anywhere_is_damaged(archive: Path) -> None:
    zoo_archive(archive, zoo_files(size=30_000))
    whole = archive.read_bytes()
    for percent in range(100):
        with pytest.raises(DamagedError):
            read(archive, whole[: len(whole) * percent // 100])
    for missing in range(1, 20):
        with pytest.raises(DamagedError, match="too soon"):
            read(archive, whole[:-missing])


def test_a_tar_cut_at_a_members_edge_is_damaged_though_its_gzip_is_whole(archive: Path) -> None:
    zoo_archive(archive)
    whole = gzip.decompress(archive.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(whole)) as members:
        edges = [member.offset for member in members]
    for edge in edges:
        with pytest.raises(DamagedError):
            read(archive, gzip.compress(whole[:edge]))
        with pytest.raises(DamagedError):
            read(archive, gzip.compress(whole[: edge + 300]))


def test_a_flipped_bit_is_found_wherever_it_is(archive: Path) -> None:
    zoo_archive(archive, zoo_files(size=10_000))
    whole = archive.read_bytes()
    # The gzip header's time, flags for text, and operating system mean nothing to the content.
    ignored = {4, 5, 6, 7, 8, 9}
    chooser = random.Random(2026)
    places = [p for p in range(len(whole)) if p not in ignored]
    before, harmless = read_file(archive, WANTED), 0
    for place in [*range(4), *chooser.sample(places, 200), *range(len(whole) - 8, len(whole))]:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << chooser.randrange(8)
        try:
            facts = read(archive, bytes(flipped))
        except DamagedError:
            continue
        # Some bits mean nothing: flags of the gzip header that only add a name, and the last few
        # before the checksum, which fill a byte. The content is whole, and the digest tells.
        assert facts.members == before.members
        assert facts.sha256 != before.sha256
        harmless += 1
    assert harmless < 10


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_tar_header_causes_anything_but_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.tar.gz"
    content = bytearray(_pax_tar())
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=12) | st.sampled_from(_PIECES))
        content[start : start + len(piece)] = piece
    if data.draw(st.booleans()):
        _mend_checksums(content)
    path.write_bytes(gzip.compress(bytes(content), 1))
    with suppress(TodError):
        read_file(path, WANTED)


_PIECES = [b"../", b"\xff" * 12, b"\x80" * 12, b"99 size=-1\n", b"0 x=\n", b"g", b"x", b"L", b"S"]


def _pax_tar() -> bytes:
    return tar(
        [
            folder_member("net"),
            file_member(
                "net/a" + "a" * 120, b"x" * 600, pax_headers={"mtime": "1.5", "size": "600"}
            ),
            file_member("net/b", b"y"),
        ],
        tarfile.PAX_FORMAT,
    )


def _mend_checksums(content: bytearray) -> None:
    for start in range(0, len(content) - 511, 512):
        block = content[start : start + 512]
        if block[257:262] == b"ustar":
            block[148:156] = b" " * 8
            content[start + 148 : start + 156] = b"%06o\0 " % sum(block)


def test_without_isal_zlib_reads_the_same(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo_archive(archive)
    with_isal = read_file(archive, WANTED)
    monkeypatch.setitem(sys.modules, "isal", None)
    assert read_file(archive, WANTED) == with_isal
    for hostile in all_hostile():
        with pytest.raises(hostile.error, match=hostile.words):
            read(archive, hostile.content())
