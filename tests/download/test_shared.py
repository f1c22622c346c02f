"""Shared caches: read and never written to, and believed by digest only."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tasks.core.errors import DamagedError, UnreachableError
from tasks.core.paths import Cache, Workspace
from tasks.download import outlook, shared, step
from tasks.pipeline import archive_cache, cache_users
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob, Silent
from tasks.verify import step as verify
from tests.support.downloads import BODY, OTHER, SHA256, network_job, receipt_of

ADDRESS = "https://nobody.example/20200711/net.tar.gz"


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_OFFLINE", "1")
    shared.told.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "class"


def settled(workspace: Workspace, *folders: Path, body: bytes = BODY) -> NetworkJob:
    """A network that the lock knows, in a workspace with these shared caches."""
    from tests.support.served import record

    record(workspace, body)
    return network_job(workspace, ADDRESS, shared_caches=tuple(map(str, folders)))


def left(folder: Path, job: NetworkJob, body: bytes = BODY, name: str = "") -> Path:
    """An archive in a shared cache, as a download into it leaves it."""
    cache = Cache(folder)
    path = cache.archive(
        name or job.name, archive_cache.object_key(job.network, job.workspace.root)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    record = archive_cache.measured(job, path, ArchiveRecord(source=ADDRESS, attested_by="tls"))
    archive_cache.write_record(cache.record(path), record)
    return path


def state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """What would change if anything were written there."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns, path.stat().st_ctime_ns)
        for path in [folder, *folder.rglob("*")]
    }


def test_an_archive_is_read_in_place_and_nothing_is_written(
    workspace: Workspace, folder: Path, cache: Cache
) -> None:
    job = settled(workspace, folder)
    path = left(folder, job)
    before = state(folder)
    assert step.run(job, Silent()).note == f"read in place: {path}"
    assert (receipt_of(job).sha256, receipt_of(job).archive) == (SHA256, str(path))
    assert archive_cache.archive_of(job) == path
    assert step.why_stale(job) is None
    assert state(folder) == before
    assert not cache.root.exists()


def test_an_archive_of_another_name_is_found_by_its_digest(
    workspace: Workspace, folder: Path
) -> None:
    job = settled(workspace, folder)
    path = left(folder, job, name="other")
    assert step.run(job, Silent()).note == f"read in place: {path}"


def test_the_first_of_several_goes_before_the_others_and_the_users_own(
    workspace: Workspace, tmp_path: Path
) -> None:
    job = settled(workspace, tmp_path / "one", tmp_path / "two")
    left(tmp_path / "cache", job)
    second = left(tmp_path / "two", job)
    left(tmp_path / "one", job, OTHER)
    outcome = step.run(job, Silent())
    assert outcome.note == f"read in place: {second}"
    [line] = outcome.lines
    assert line.endswith(": not the archive on record; it is passed over")


def test_a_relative_folder_is_the_workspaces(workspace: Workspace) -> None:
    job = settled(workspace, Path("class"))
    left(workspace.root / "class", job)
    assert step.run(job, Silent()).note.startswith("read in place")
    assert step.why_stale(job) is None


def test_a_record_that_lies_is_not_believed(workspace: Workspace, folder: Path) -> None:
    job = settled(workspace, folder)
    path = left(folder, job, name="other")
    path.write_bytes(OTHER)
    outcome = step.run(job, Silent())
    assert outcome.kind == "deferred"
    assert f"net: {path}: not the archive on record; it is passed over" in outcome.lines
    assert path.read_bytes() == OTHER


def test_without_a_digest_on_record_nothing_is_taken(workspace: Workspace, folder: Path) -> None:
    job = settled(workspace, folder)
    path = left(folder, job)
    workspace.lock_file.unlink()
    outcome = step.run(job, Silent())
    assert outcome.kind == "deferred"
    assert outcome.lines[0] == f"net: {path}: nothing on record vouches for it; it is left alone"


def test_a_folder_that_is_not_there_is_told_once(workspace: Workspace, folder: Path) -> None:
    job = settled(workspace, folder)
    left(job.cache.root, job)
    outcome = step.run(job, Silent())
    assert outcome.note == "found in the cache"
    why = "no such file or directory; it is passed over"
    assert outcome.lines == (f"shared cache {folder}: {why}",)
    job.receipt("download").unlink()
    assert step.run(job, Silent()).lines == ()


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path), os.mkfifo])
def test_what_is_no_folder_is_passed_over(
    workspace: Workspace, folder: Path, make: Callable[[Path], None]
) -> None:
    make(folder)
    outcome = step.run(settled(workspace, folder), Silent())
    assert outcome.kind == "deferred"
    assert outcome.lines[0].startswith(f"shared cache {folder}: ")


def broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "not an ordinary file"),
        (Path.mkdir, "is a folder"),
        (lambda path: path.symlink_to(path), "too many levels of symbolic links"),
        (broken_link, "no such file or directory"),
    ],
    ids=["a pipe", "a folder", "a link to itself", "a broken link"],
)
@pytest.mark.parametrize("name", ["", "other"])
def test_what_is_no_file_in_place_of_an_archive_is_passed_over_with_a_line(
    workspace: Workspace, folder: Path, make: Callable[[Path], None], why: str, name: str
) -> None:
    job = settled(workspace, folder)
    path = left(folder, job, name=name)
    path.unlink()
    make(path)
    assert outlook.outlook(job).place == "address"
    outcome = step.run(job, Silent())
    assert (outcome.kind, outcome.lines) == (
        "deferred",
        (f"net: {path}: {why}; it is passed over",),
    )


class Notes(Silent):
    """What a step tells before it is done."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, line: str) -> None:
        self.told.append(line)


def test_what_is_passed_over_is_told_though_the_download_fails(
    workspace: Workspace, folder: Path, tmp_path: Path
) -> None:
    job = settled(workspace, tmp_path / "missing", folder)
    path = left(folder, job, OTHER)
    notes = Notes()
    with pytest.raises(UnreachableError):
        step.run(msgspec.structs.replace(job, may_defer=False), notes)
    assert notes.told == [
        f"shared cache {tmp_path / 'missing'}: no such file or directory; it is passed over",
        f"{path}: not the archive on record; it is passed over",
    ]


@pytest.mark.parametrize("spelling", ["{}", "{}/.", "{}/archives/..", "{}-link"])
def test_ones_own_cache_is_none_of_the_shared_ones(
    workspace: Workspace, cache: Cache, spelling: str
) -> None:
    """So that the workspace leaves a note there, by which a sweep knows what it needs."""
    cache.root.with_name(f"{cache.root.name}-link").symlink_to(cache.root)
    job = settled(workspace, Path(spelling.format(cache.root)))
    assert archive_cache.shared_caches(job) == ()
    left(cache.root, job)
    assert step.run(job, Silent()).note == "found in the cache"
    assert cache_users.note_of(cache, workspace).exists()


class Stale:
    """Readings of which the first ones find that the file was replaced on its server."""

    def __init__(self, times: int, number: int = errno.ESTALE) -> None:
        self.left, self.number = times, number
        self._measured = archive_cache.measured

    def __call__(self, job: NetworkJob, path: Path, record: ArchiveRecord) -> ArchiveRecord:
        if self.left:
            self.left -= 1
            raise OSError(self.number, os.strerror(self.number), str(path))
        return self._measured(job, path, record)


def test_a_stale_handle_is_tried_again(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = settled(workspace, folder)
    path = left(folder, job)
    monkeypatch.setattr(archive_cache, "measured", Stale(2))
    assert step.run(job, Silent()).note == f"read in place: {path}"


@pytest.mark.parametrize(("times", "number"), [(3, errno.ESTALE), (1, errno.EIO)])
def test_what_can_not_be_read_is_passed_over(
    workspace: Workspace,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    number: int,
) -> None:
    job = settled(workspace, folder)
    path = left(folder, job)
    left(job.cache.root, job)
    monkeypatch.setattr(archive_cache, "measured", Stale(times, number))
    outcome = step.run(job, Silent())
    assert outcome.note == "found in the cache"
    assert outcome.lines == (f"net: {path}: {os.strerror(number).lower()}; it is passed over",)


def test_a_folder_that_goes_away_is_done_without(workspace: Workspace, folder: Path) -> None:
    job = settled(workspace, folder)
    left(folder, job)
    step.run(job, Silent())
    folder.rename(folder.with_name("elsewhere"))
    left(job.cache.root, job)
    assert step.why_stale(job) == "the archive is gone"
    assert step.run(job, Silent()).note == "found in the cache"


def test_an_archive_that_is_replaced_after_it_was_hashed_is_never_used(
    workspace: Workspace, folder: Path
) -> None:
    """Even with its size and its mtime as they were."""
    job = settled(workspace, folder)
    path = left(folder, job)
    step.run(job, Silent())
    status = path.stat()
    path.write_bytes(BODY[:-1] + bytes([BODY[-1] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(DamagedError, match="is a shared cache's: run doit again"):
        verify.run(job, Silent())
    assert path.exists()
    left(job.cache.root, job)
    outcome = step.run(job, Silent())
    assert outcome.note == "found in the cache"
    assert outcome.lines == (f"net: {path}: not the archive on record; it is passed over",)


def test_the_plan_knows_of_it(workspace: Workspace, folder: Path) -> None:
    job = settled(workspace, folder)
    path = left(folder, job)
    found = outlook.outlook(job)
    assert (found.place, found.source, found.to_fetch) == ("file", str(path), 0)
    assert step.why_stale(job) is not None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_folder_that_nobody_can_write_to_is_enough(workspace: Workspace, folder: Path) -> None:
    job = settled(workspace, folder)
    path = left(folder, job)
    for each in [folder, *folder.rglob("*")]:
        each.chmod(stat.S_IMODE(each.stat().st_mode) & ~0o222)
    assert step.run(job, Silent()).note == f"read in place: {path}"
