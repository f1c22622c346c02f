"""Reading an archive and writing its files."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path

import pytest

from tasks.archives.reading import Expected, Facts, Tree, Wanted, read_file
from tasks.archives.tar import Limits
from tasks.core.errors import DamagedError, TodError
from tests.support.archives import MTIME, NETWORK, file_member, tar_gz, zoo_archive, zoo_files
from tests.support.hostile import Hostile, all_hostile

LIMITS = Limits(members=100, unpacked=50_000_000)


def unpack(
    archive: Path,
    into: Path,
    expected: Expected,
    *,
    only: Collection[str] | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Facts:
    with closing(Tree(into)) as tree:
        return read_file(archive, Wanted(LIMITS, expected=expected, only=only), tree, advance)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive.tar.gz"


def members_of(files: dict[str, bytes]) -> dict[str, tuple[int, str]]:
    return {p: (len(c), hashlib.sha256(c).hexdigest()) for p, c in files.items()}


def found(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_every_file_is_written_as_it_is_in_the_archive(archive: Path, tmp_path: Path) -> None:
    files = zoo_archive(archive)
    unpacked = unpack(archive, tmp_path / "into", members_of(files))
    assert found(tmp_path / "into") == files
    assert set(unpacked.members) == set(files)
    for path, record in unpacked.members.items():
        status = (tmp_path / "into" / path).stat()
        assert (record.size, record.mtime) == (status.st_size, MTIME)
        assert status.st_mtime_ns == MTIME * 10**9


def test_empty_folders_are_made(archive: Path, tmp_path: Path) -> None:
    files = zoo_archive(archive)
    unpack(archive, tmp_path / "into", members_of(files))
    assert (tmp_path / "into" / "saved_model" / "assets").is_dir()


def test_it_is_what_real_tar_makes_of_it(archive: Path, tmp_path: Path) -> None:
    files = zoo_archive(archive)
    unpack(archive, tmp_path / "ours", members_of(files))
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path], check=True)
    listing = ["find", ".", "-type", "f", "-printf", "%p %s %T@\n"]
    ours, theirs = (
        sorted(subprocess.check_output(listing, cwd=folder).splitlines())
        for folder in (tmp_path / "ours", tmp_path / NETWORK)
    )
    assert ours == theirs


def test_mode_bits_of_the_archive_do_not_count(archive: Path, tmp_path: Path) -> None:
    modes = (0, 0o777, 0o4755, 0o7777)
    archive.write_bytes(tar_gz([file_member(f"net/{mode}", b"x", mode=mode) for mode in modes]))
    old = os.umask(0o022)
    try:
        unpack(archive, tmp_path / "into", members_of({str(m): b"x" for m in modes}))
    finally:
        os.umask(old)
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "into").iterdir()} == {0o644}
    assert stat.S_IMODE((tmp_path / "into").stat().st_mode) == 0o755


@pytest.mark.parametrize(("mtime", "kept"), [(-5, 0), (2**40, 2**31 - 1), (0, 0)])
def test_absurd_times_are_clamped(archive: Path, tmp_path: Path, mtime: int, kept: int) -> None:
    archive.write_bytes(tar_gz([file_member("net/a", b"x", mtime=mtime)]))
    unpack(archive, tmp_path / "into", members_of({"a": b"x"}))
    assert (tmp_path / "into" / "a").stat().st_mtime_ns == kept * 10**9


def test_only_what_is_asked_for_is_written(archive: Path, tmp_path: Path) -> None:
    files = zoo_archive(archive)
    unpack(archive, tmp_path / "into", members_of(files), only=["pipeline.config"])
    assert set(found(tmp_path / "into")) == {"pipeline.config"}


def test_progress_adds_up_to_the_archives_size(archive: Path, tmp_path: Path) -> None:
    files = zoo_archive(archive)
    amounts: list[int] = []
    unpack(archive, tmp_path / "into", members_of(files), advance=amounts.append)
    assert sum(amounts) == archive.stat().st_size


def test_a_member_that_changed_since_verification_is_found(archive: Path, tmp_path: Path) -> None:
    verified = members_of(zoo_archive(archive))
    zoo_archive(archive)  # other weights
    with pytest.raises(DamagedError, match="changed since it was verified"):
        unpack(archive, tmp_path / "into", verified)


def test_a_member_that_came_or_went_since_is_found(archive: Path, tmp_path: Path) -> None:
    files = zoo_archive(archive, zoo_files(pipeline_config=False))
    members = members_of({**files, "pipeline.config": b"x"})
    with pytest.raises(DamagedError, match=r"no longer holds pipeline\.config"):
        unpack(archive, tmp_path / "into", members)
    del members["pipeline.config"], members["checkpoint/checkpoint"]
    with pytest.raises(DamagedError, match="changed since"):
        unpack(archive, tmp_path / "again", members)


@pytest.mark.parametrize("hostile", all_hostile(), ids=lambda h: h.name)
def test_a_hostile_archive_writes_nothing_outside(
    archive: Path, tmp_path: Path, hostile: Hostile
) -> None:
    """Even one that was swapped in after verification."""
    archive.write_bytes(hostile.content())
    into = tmp_path / "deep" / "er" / "into"
    with pytest.raises(TodError):
        unpack(archive, into, members_of({"good": b"good"}))
    outside = {p for p in tmp_path.rglob("*") if not p.is_relative_to(into)}
    assert outside == {archive, into.parent, into.parent.parent}
    assert sum(p.stat().st_size for p in into.rglob("*") if p.is_file()) < 1_100_000


def test_a_reading_for_some_files_ends_with_the_last_of_them(archive: Path, tmp_path: Path) -> None:
    """Damage far behind them does not keep them from being mended."""
    files = {"first": b"x", "second": os.urandom(16 << 20)}
    content = tar_gz([file_member(f"net/{path}", data) for path, data in files.items()])
    archive.write_bytes(content[:-8] + bytes(8))  # the gzip's checksum and length
    with pytest.raises(DamagedError):
        unpack(archive, tmp_path / "all", members_of(files))
    facts = unpack(archive, tmp_path / "some", members_of(files), only=["first"])
    assert set(facts.members) == {"first"}
    assert found(tmp_path / "some") == {"first": b"x"}


def test_a_file_that_is_asked_for_and_missing_is_named(archive: Path, tmp_path: Path) -> None:
    files = zoo_archive(archive)
    with pytest.raises(DamagedError, match="no longer holds none"):
        unpack(archive, tmp_path / "into", members_of(files), only=["none"])
