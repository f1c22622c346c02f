"""An archive is read once, from its download to the network; what is left of that reading is used
only where it is complete and nobody touched it, and else the archive is read where it lies."""

from __future__ import annotations

import errno
import os
import shutil
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tasks.archives import reading as archives
from tasks.core.errors import DamagedError, RefusedError, TodError, UnsafeArchiveError
from tasks.core.paths import Workspace
from tasks.core.temporary import token
from tasks.download import step as download
from tasks.extract import clean
from tasks.extract import step as extract
from tasks.pipeline import archive_cache, reading
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob, Silent
from tasks.verify import step as verify
from tasks.web import connectivity
from tests.support.archives import NETWORK, file_member, tar_gz, zoo_archive, zoo_files
from tests.support.downloads import Waits
from tests.support.jobs import forget, network_job, with_network, with_settings
from tests.support.servers import (
    Reply,
    ScriptedServer,
    answer,
    broken_off,
    chunked,
    file,
    silent,
)

STEPS = (download, verify, extract)
Files = dict[str, bytes]
Serve = Callable[..., NetworkJob]


@pytest.fixture(autouse=True)
def nothing_is_known_of_any_host() -> None:
    connectivity.verdicts.cache_clear()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "made.tar.gz"


@pytest.fixture
def files(archive: Path) -> Files:
    return zoo_archive(archive, zoo_files(size=400_000))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The archives that were read where they lie, in order."""
    read: list[Path] = []
    real = archives.read_file

    def noted(path: Path, *arguments: Any, **named: Any) -> archives.Facts:
        read.append(path)
        return real(path, *arguments, **named)

    monkeypatch.setattr(reading, "read_file", noted)
    return read


@pytest.fixture
def serve(workspace: Workspace, tls: ssl.SSLContext) -> Iterator[Serve]:
    """A job for a network whose server gives these replies."""
    servers: list[ScriptedServer] = []

    def made(*replies: Reply, **fields: Any) -> NetworkJob:
        server = ScriptedServer(replies, tls=tls)
        server.__enter__()
        servers.append(server)
        return network_job(workspace, sources=(server.url(),), **fields)

    yield made
    for server in servers:
        server.__exit__()


@pytest.fixture
def job(serve: Serve, archive: Path, files: Files) -> NetworkJob:
    """Its archive was downloaded and read on the way."""
    job = serve(file(archive.read_bytes()))
    download.run(job, Silent())
    return job


def run(job: NetworkJob, *steps: ModuleType) -> None:
    for step in steps:
        assert step.run(job, Silent()).kind == "built"


def staged(job: NetworkJob) -> Path:
    return job.workspace.staging(job.name)


def shelf(job: NetworkJob) -> set[str]:
    """What lies under pre-trained/."""
    folder = job.workspace.pre_trained
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def found(folder: Path) -> Files:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def is_installed(job: NetworkJob, files: Files) -> bool:
    whole = found(job.workspace.network(job.name)) == files
    return whole and shelf(job) == {job.name} and extract.why_stale(job) is None


def test_what_the_download_read_is_verified_and_published(
    job: NetworkJob, files: Files, reads: list[Path]
) -> None:
    assert shelf(job) == {staged(job).name}
    inodes = {path.name: path.stat().st_ino for path in (staged(job) / "tree").iterdir()}
    run(job, verify, extract)
    assert reads == []
    assert is_installed(job, files)
    network = job.workspace.network(job.name)
    assert {path.name: path.stat().st_ino for path in network.iterdir()} == inodes


def test_the_receipts_are_those_of_reading_the_archive_where_it_lies(
    job: NetworkJob, reads: list[Path]
) -> None:
    def receipts() -> list[bytes]:
        names = ("download", "verify", "extract")
        return [job.workspace.receipt(name, job.name).read_bytes() for name in names]

    run(job, verify, extract)
    first = receipts()
    shutil.rmtree(job.workspace.pre_trained)
    for name in ("verify", "extract"):
        job.workspace.receipt(name, job.name).unlink()
    run(job, verify)
    reading.discard(job)
    run(job, extract)
    assert len(reads) == 2
    assert receipts() == first


# Where the archive is read where it lies


def test_a_resumed_download_reads_what_was_there_before_as_well(
    serve: Serve, archive: Path, files: Files, reads: list[Path]
) -> None:
    body = archive.read_bytes()
    job = serve(broken_off(body, len(body) // 2, {"ETag": '"one"'}), file(body))
    download.run(job, Silent(), Waits().tools)
    run(job, verify, extract)
    assert reads == []
    assert is_installed(job, files)


def test_an_object_that_was_replaced_on_the_way_is_read_from_its_start(
    serve: Serve, archive: Path, tmp_path: Path, reads: list[Path]
) -> None:
    zoo_archive(tmp_path / "old.tar.gz", zoo_files(size=400_000))
    files = zoo_archive(archive, zoo_files(size=300_000))
    old = (tmp_path / "old.tar.gz").read_bytes()
    job = serve(broken_off(old, len(old) // 2, {"ETag": '"old"'}), file(archive.read_bytes()))
    download.run(job, Silent(), Waits().tools)
    run(job, verify, extract)
    assert reads == []
    assert is_installed(job, files)


def test_a_transfer_that_fails_leaves_no_tree(serve: Serve, archive: Path, files: Files) -> None:
    body = archive.read_bytes()
    job = with_settings(serve(broken_off(body, len(body) // 2), silent), retries=0)
    with pytest.raises(TodError):
        download.run(job, Silent(), Waits().tools)
    assert shelf(job) == set()


def test_an_adopted_archive_is_read_by_verify(
    serve: Serve, archive: Path, files: Files, reads: list[Path]
) -> None:
    job = serve(silent)
    archive_cache.put(job, archive, ArchiveRecord(source="adopted", attested_by="file"))
    run(job, *STEPS)
    assert reads == [archive_cache.cached(job)]
    assert is_installed(job, files)


def test_a_local_archive_is_read_by_verify(
    workspace: Workspace, archive: Path, files: Files, reads: list[Path]
) -> None:
    job = network_job(workspace, sources=(str(archive),))
    run(job, *STEPS)
    assert reads == [archive]
    assert is_installed(job, files)


def test_a_second_workspace_reads_the_archive_in_the_cache(
    job: NetworkJob, files: Files, tmp_path: Path, reads: list[Path]
) -> None:
    (tmp_path / "second").mkdir()
    second = NetworkJob(job.config, Workspace(tmp_path / "second"), network=job.network)
    run(second, *STEPS)
    assert reads == [archive_cache.cached(job)]
    assert is_installed(second, files)


def test_a_repair_reads_the_archive_and_stages_nothing(
    job: NetworkJob, files: Files, reads: list[Path]
) -> None:
    run(job, verify, extract)
    (job.workspace.network(job.name) / "saved_model/saved_model.pb").unlink()
    run(job, extract)
    assert len(reads) == 1
    assert is_installed(job, files)


def test_verify_alone_stages_nothing_beside_an_installed_network(
    job: NetworkJob, files: Files, reads: list[Path]
) -> None:
    run(job, verify, extract)
    job.workspace.receipt("verify", job.name).unlink()
    run(job, verify)
    assert len(reads) == 1
    assert shelf(job) == {job.name}


def test_verify_alone_stages_what_extract_publishes_later(
    job: NetworkJob, files: Files, reads: list[Path]
) -> None:
    reading.discard(job)
    run(job, verify)
    run(job, extract)
    assert len(reads) == 1
    assert is_installed(job, files)


def test_an_archive_that_need_not_be_kept_is_read_once(
    serve: Serve, archive: Path, files: Files, reads: list[Path]
) -> None:
    job = with_settings(serve(file(archive.read_bytes())), keep_archives=False)
    run(job, *STEPS)
    assert reads == []
    assert archive_cache.archive_of(job) is None
    assert is_installed(job, files)
    assert [step.why_stale(job) for step in STEPS] == [None] * 3


def test_without_a_length_that_is_known_before_verify_reads_the_archive(
    serve: Serve, archive: Path, files: Files, reads: list[Path]
) -> None:
    """Nobody could tell whether there is room for its files."""
    job = serve(chunked(archive.read_bytes()))
    run(job, download)
    assert shelf(job) == set()
    run(job, verify, extract)
    assert len(reads) == 1
    assert is_installed(job, files)


def test_git_blob_ids_need_a_length_that_is_known_before(
    serve: Serve, archive: Path, files: Files, reads: list[Path]
) -> None:
    body = archive.read_bytes()
    blob = archives.Digests(("git_blob_sha1",), len(body))
    blob.update(body)
    recorded = {"git_blob_sha1": blob.finish()["git_blob_sha1"], "confidence": "confirmed"}
    for reply, count in ((file(body), 0), (answer(200, body, length=None), 1), (chunked(body), 2)):
        job = serve(reply, archive=recorded)
        download.run(job, Silent())
        assert "git blob id" in verify.run(job, Silent()).note
        assert len(reads) == count
        run(job, extract)
        assert is_installed(job, files)
        shutil.rmtree(job.workspace.pre_trained)
        shutil.rmtree(job.workspace.state)
        forget(job.workspace.lock_file, NETWORK)


# A tree that is not what its note says


def edit(tree: Path) -> None:
    (tree / "pipeline.config").write_bytes(b"edited")


def touch(tree: Path) -> None:
    (tree / "pipeline.config").touch()


def add(tree: Path) -> None:
    (tree / "saved_model/mine").write_bytes(b"mine")


def remove(tree: Path) -> None:
    (tree / "saved_model/saved_model.pb").unlink()


def link_a_file(tree: Path) -> None:
    (tree / "pipeline.config").rename(tree.parent / "elsewhere")
    (tree / "pipeline.config").symlink_to(tree.parent / "elsewhere")


def link_a_folder(tree: Path) -> None:
    (tree / "saved_model").rename(tree.parent / "elsewhere")
    (tree / "saved_model").symlink_to(tree.parent / "elsewhere")


def lose(tree: Path) -> None:
    shutil.rmtree(tree)


def spoil_the_note(tree: Path) -> None:
    (tree.parent / "note.json").write_bytes(b"{")


def forge_the_note(tree: Path) -> None:
    (tree.parent / "note.json").write_bytes(b'{"definition": "", "facts": 5, "mtime_ns": null}')


CHANGES = (
    edit,
    touch,
    add,
    remove,
    link_a_file,
    link_a_folder,
    lose,
    spoil_the_note,
    forge_the_note,
)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("before", [verify, extract])
def test_a_staged_tree_that_somebody_touched_is_not_used(
    before: ModuleType,
    change: Callable[[Path], None],
    job: NetworkJob,
    files: Files,
    reads: list[Path],
) -> None:
    if before is extract:
        run(job, verify)
    change(staged(job) / "tree")
    run(job, *(step for step in (verify, extract) if step is before or step is extract))
    assert len(reads) == 1
    assert is_installed(job, files)


def test_a_staged_tree_of_another_archive_is_not_used(
    job: NetworkJob, tmp_path: Path, reads: list[Path]
) -> None:
    other = zoo_archive(tmp_path / "other.tar.gz", zoo_files(size=300_000))
    archive_cache.put(job, tmp_path / "other.tar.gz", ArchiveRecord(attested_by="file"))
    run(job, *STEPS)
    assert len(reads) == 1
    assert is_installed(job, other)


def test_what_an_archive_was_read_for_must_be_what_is_wanted(
    job: NetworkJob, archive: Path, files: Files, reads: list[Path]
) -> None:
    """The catalogue got a digest that was not taken."""
    md5 = archives.Digests(("md5",), 0)
    md5.update(archive.read_bytes())
    job = with_network(job, archive={"md5": md5.finish()["md5"]})
    assert "md5" in verify.run(job, Silent()).note
    assert len(reads) == 1


def test_the_users_folder_under_that_name_stays(
    serve: Serve, archive: Path, files: Files, reads: list[Path]
) -> None:
    job = serve(file(archive.read_bytes()))
    (staged(job) / "tree").mkdir(parents=True)
    (staged(job) / "tree" / "mine").write_bytes(b"mine")
    run(job, *STEPS)
    assert found(staged(job)) == {"tree/mine": b"mine"}
    assert found(job.workspace.network(job.name)) == files


# A reading that fails, or is killed


def test_a_disk_that_fills_up_beside_the_download_does_not_stop_it(
    serve: Serve, archive: Path, files: Files, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    job = serve(file(archive.read_bytes()))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        run(job, download)
        assert shelf(job) == set()
        run(job, verify)
        assert shelf(job) == set()
    run(job, extract)
    assert is_installed(job, files)


def test_a_folder_that_can_not_be_written_does_not_stop_the_download(
    serve: Serve, archive: Path, files: Files
) -> None:
    job = serve(file(archive.read_bytes()))
    job.workspace.pre_trained.write_text("in the way")
    run(job, download, verify)
    job.workspace.pre_trained.unlink()
    run(job, extract)
    assert is_installed(job, files)


def test_where_there_is_no_room_for_a_tree_verify_stages_none(
    job: NetworkJob, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.discard(job)
    with monkeypatch.context() as patch:
        patch.setattr(reading, "free_space", lambda _: 1000)
        run(job, verify)
    assert shelf(job) == set()
    run(job, extract)
    assert is_installed(job, files)


def test_what_a_killed_download_staged_goes_with_the_next(
    serve: Serve, archive: Path, files: Files, reads: list[Path]
) -> None:
    job = serve(file(archive.read_bytes()))
    left = job.workspace.pre_trained / f"{staged(job).name}-{token()}"
    (left / "staged/tree").mkdir(parents=True)
    (left / "staged/tree/pipeline.config").write_bytes(b"half")
    run(job, *STEPS)
    assert reads == []
    assert is_installed(job, files)


def test_a_staged_tree_goes_with_doit_clean(job: NetworkJob) -> None:
    assert shelf(job) == {staged(job).name}
    lines: list[str] = []
    assert clean.clean(job.workspace, job.name, False, lines.append) == []
    assert shelf(job) == set()


# A verdict other than right


def refused(job: NetworkJob) -> NetworkJob:
    return with_network(job, archive={"sha256": "0" * 64, "confidence": "confirmed"})


def not_in_a_locked_lock(job: NetworkJob) -> NetworkJob:
    return with_settings(job, locked=True)


@pytest.mark.parametrize("why", [refused, not_in_a_locked_lock])
def test_a_verdict_other_than_right_leaves_no_tree(
    why: Callable[[NetworkJob], NetworkJob], job: NetworkJob
) -> None:
    with pytest.raises(TodError):
        verify.run(why(job), Silent())
    assert shelf(job) == set()


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ([file_member("net/a", b"x"), file_member("net/../b", b"x")], UnsafeArchiveError),
        ([file_member("net/a", b"x")], RefusedError),
    ],
)
def test_what_must_not_be_installed_is_told_by_verify_and_leaves_no_tree(
    members: list[Any], error: type[TodError], serve: Serve
) -> None:
    job = serve(file(tar_gz(members)))
    run(job, download)
    with pytest.raises(error):
        verify.run(job, Silent())
    assert shelf(job) == set()


def test_an_archive_that_is_cut_is_told_by_verify_and_leaves_no_tree(
    serve: Serve, archive: Path, files: Files
) -> None:
    job = serve(file(archive.read_bytes()[:-100]))
    run(job, download)
    assert shelf(job) == set()
    with pytest.raises(DamagedError, match="ends too soon"):
        verify.run(job, Silent())
    assert shelf(job) == set()
