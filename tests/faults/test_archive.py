"""Hostile archives through verify and extract: nothing is written that could stay."""

from __future__ import annotations

import tarfile
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.archives.reading import Tree, Wanted, read_file
from tasks.archives.tar import Limits
from tasks.config.types import Settings
from tasks.core.errors import DamagedError, TodError, UnsafeArchiveError
from tasks.core.paths import Workspace
from tasks.core.receipts import write
from tasks.extract import step as extract
from tasks.pipeline.job import Silent
from tasks.pipeline.receipts import VerifyReceipt
from tasks.verify import step as verify
from tests.support.archives import file_member, folder_member, tar_gz
from tests.support.hostile import Hostile, all_hostile
from tests.support.jobs import local, network_job

DEFAULTS = Wanted(Limits(Settings().max_members, Settings().max_unpacked))


@pytest.mark.parametrize("hostile", all_hostile(), ids=lambda h: h.name)
def test_a_hostile_archive_leaves_nothing_in_the_workspace(
    hostile: Hostile, workspace: Workspace, tmp_path: Path
) -> None:
    """Neither as it comes, nor when something vouches for it: extract does not rely on verify."""
    job = network_job(workspace, Settings(max_members=100, max_unpacked=2_000_000))
    (tmp_path / "hostile.tar.gz").write_bytes(hostile.content())
    local(job, tmp_path / "hostile.tar.gz")
    around = _files(tmp_path)
    with pytest.raises(TodError):
        verify.run(job, Silent())
    receipt = VerifyReceipt(definition="forged", members={"good": (4, "0" * 64)})
    write(workspace.receipt("verify", job.name), receipt)
    with pytest.raises(TodError):
        extract.run(job, Silent())
    assert not workspace.pre_trained.exists() or not list(workspace.pre_trained.iterdir())
    assert _files(tmp_path) - around <= {f"workspace/.tod/receipts/verify/{job.name}.json"}


def _files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found}


def bomb() -> bytes:
    """A megabyte that says it holds a member of 50 GB, and goes on inflating to zeros."""
    info, _ = file_member("net/bomb")
    info.size = 50 * 10**9
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    folder = folder_member("net")[0].tobuf(tarfile.GNU_FORMAT)
    start = deflate.compress(folder + info.tobuf(tarfile.GNU_FORMAT))
    start += deflate.flush(zlib.Z_FULL_FLUSH)
    zeros = deflate.compress(bytes(8 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return start + zeros * ((1_000_000 - len(start)) // len(zeros))


def test_a_bomb_of_50_gb_is_over_within_a_second(tmp_path: Path) -> None:
    """Under the default limits, which `config/workspace.toml` sets."""
    archive = tmp_path / "bomb.tar.gz"
    archive.write_bytes(bomb())
    assert 900_000 < archive.stat().st_size <= 1_000_000
    began = time.process_time()
    with pytest.raises(UnsafeArchiveError, match="unpacks to more than"):
        read_file(archive, DEFAULTS)
    with pytest.raises(UnsafeArchiveError, match="unpacks to more than"):
        read_file(archive, replace(DEFAULTS, expected={}), Tree(tmp_path / "into"))
    assert time.process_time() - began < 1
    assert not _files(tmp_path / "into")


def test_an_archive_of_no_top_folder_or_of_two_is_refused(
    workspace: Workspace, tmp_path: Path
) -> None:
    for members in (
        [file_member("good", b"x")],
        [file_member("one/x", b"x"), file_member("two/x", b"x")],
    ):
        job = network_job(workspace)
        (tmp_path / "a.tar.gz").write_bytes(tar_gz(members))
        local(job, tmp_path / "a.tar.gz")
        with pytest.raises((UnsafeArchiveError, DamagedError)):
            verify.run(job, Silent())
