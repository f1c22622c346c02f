"""The extract step: unpacking, mending, adopting; the user's files in all of these."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tasks.config import lock
from tasks.core.errors import (
    DamagedError,
    DiskError,
    RefusedError,
    TodError,
    UnreachableError,
    UserFilesError,
)
from tasks.core.paths import Workspace
from tasks.core.receipts import read, write
from tasks.extract import step
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob, Outcome, Silent
from tasks.pipeline.receipts import ExtractReceipt, differences
from tasks.verify import step as verify
from tests.support.archives import MTIME, NETWORK, zoo_archive, zoo_files
from tests.support.jobs import (
    deferred,
    downloaded,
    forget,
    local,
    network_job,
    unstaged,
    with_settings,
)

SILENT = Silent()
Files = dict[str, bytes]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "mine.tar.gz"


@pytest.fixture
def files(archive: Path) -> Files:
    return zoo_archive(archive)


@pytest.fixture
def job(workspace: Workspace, archive: Path, files: Files) -> NetworkJob:
    """Verified, not extracted, and no tree is staged."""
    job = network_job(workspace)
    downloaded(job, archive)
    verify.run(job, SILENT)
    return unstaged(job)


@pytest.fixture
def folder(job: NetworkJob) -> Path:
    return job.workspace.network(job.name)


@pytest.fixture
def installed(job: NetworkJob) -> NetworkJob:
    step.run(job, SILENT)
    return job


def receipt_of(job: NetworkJob) -> ExtractReceipt:
    receipt = read(job.workspace.receipt("extract", job.name), ExtractReceipt)
    assert receipt is not None
    return receipt


def found(folder: Path) -> Files:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def edit(path: Path, content: bytes = b"edited") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def update(job: NetworkJob, archive: Path, files: Files) -> None:
    """Another version of the archive, accepted."""
    zoo_archive(archive, files)
    downloaded(job, archive)
    forget(job.workspace.lock_file, job.name)
    verify.run(job, SILENT)


def nothing_staged(job: NetworkJob) -> bool:
    return {path.name for path in job.workspace.pre_trained.iterdir()} <= {job.name}


# Unpacking


def test_a_network_is_unpacked_under_its_own_name(
    workspace: Workspace, archive: Path, tmp_path: Path
) -> None:
    files = zoo_archive(archive, top="another_name")
    job = network_job(workspace)
    downloaded(job, archive)
    verify.run(job, SILENT)
    assert step.why_stale(job) == "never done"
    assert step.run(job, SILENT) == Outcome("built", "7 files", sum(map(len, files.values())))
    assert found(workspace.network(NETWORK)) == files
    assert step.why_stale(job) is None
    assert step.run(job, SILENT).kind == "kept"
    assert not differences(workspace.network(NETWORK), receipt_of(job).files)
    assert nothing_staged(job)


def test_the_receipt_names_every_file_and_the_tree(installed: NetworkJob, folder: Path) -> None:
    receipt = receipt_of(installed)
    for path, record in receipt.files.items():
        content = (folder / path).read_bytes()
        assert (record.size, record.mtime) == (len(content), MTIME)
        assert record.sha256 == hashlib.sha256(content).hexdigest()
    command = "find * -type f | xargs sha256sum | LC_ALL=C sort | sha256sum"
    tree = subprocess.check_output(["sh", "-c", command], cwd=folder, text=True).split()[0]
    assert receipt.tree == tree
    entry = lock.read(installed.workspace.lock_file)[NETWORK]
    assert entry.tree == tree


def test_a_tree_that_the_lock_does_not_know_is_refused(job: NetworkJob) -> None:
    import msgspec

    entry = lock.read(job.workspace.lock_file)[NETWORK]
    other = msgspec.structs.replace(entry, tree="0" * 64)
    lock.record(job.workspace.lock_file, NETWORK, other)
    with pytest.raises(RefusedError, match=r"its tree is .*config/zoo\.lock has 000000000000…"):
        step.run(job, SILENT)


def test_a_lock_without_the_tree_gets_it(installed: NetworkJob) -> None:
    forget(installed.workspace.lock_file, NETWORK)
    verify.run(installed, SILENT)
    assert step.why_stale(installed) == "config/zoo.lock lacks its tree"
    assert step.run(installed, SILENT).note == "all files are right"
    assert lock.read(installed.workspace.lock_file)[NETWORK].tree == receipt_of(installed).tree
    assert step.why_stale(installed) is None


def test_without_keep_archives_the_cached_copy_goes(job: NetworkJob) -> None:
    step.run(with_settings(job, keep_archives=False), SILENT)
    assert archive_cache.archive_of(job) is None
    assert step.why_stale(job) is None


def test_without_keep_archives_the_users_archive_stays(job: NetworkJob, archive: Path) -> None:
    local(job, archive)
    verify.run(job, SILENT)
    step.run(with_settings(job, keep_archives=False), SILENT)
    assert archive.exists()


def test_an_archive_that_changed_since_verification_is_set_aside(
    job: NetworkJob, folder: Path
) -> None:
    path = archive_cache.cached(job)
    zoo_archive(path)
    with pytest.raises(DamagedError, match=r"changed since it was verified.*run doit again"):
        step.run(job, SILENT)
    assert not path.exists()
    assert not folder.exists()
    assert nothing_staged(job)


def test_an_archive_that_is_gone_is_told(job: NetworkJob) -> None:
    archive_cache.drop(job)
    with pytest.raises(DamagedError, match="the archive is gone"):
        step.run(job, SILENT)


def test_a_folder_that_can_not_be_written_is_one_line(job: NetworkJob) -> None:
    job.workspace.pre_trained.write_text("in the way")
    with pytest.raises(DiskError):
        step.run(job, SILENT)


def test_a_read_only_folder_is_one_line(job: NetworkJob) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    job.workspace.pre_trained.mkdir(mode=0o555)
    with pytest.raises(DiskError, match="permission denied"):
        step.run(job, SILENT)
    job.workspace.pre_trained.chmod(0o755)


def test_a_disk_that_fills_up_on_the_way_leaves_nothing(
    workspace: Workspace, archive: Path
) -> None:
    """A limit on the size of files stands for the full disk: a write fails half-way."""
    resource = pytest.importorskip("resource")
    job = network_job(workspace)
    zoo_archive(archive, zoo_files(size=300_000))
    downloaded(job, archive)
    verify.run(job, SILENT)
    unstaged(job)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(DiskError, match="too large"):
            step.run(job, SILENT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(workspace.pre_trained.iterdir()) == []
    assert step.run(job, SILENT).kind == "built"


def test_pre_trained_may_be_a_link_to_another_disk(job: NetworkJob, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    job.workspace.pre_trained.symlink_to(tmp_path / "disk")
    step.run(job, SILENT)
    assert (tmp_path / "disk" / NETWORK / "pipeline.config").is_file()
    assert step.why_stale(job) is None


def test_a_deferral_is_passed_on(workspace: Workspace, archive: Path) -> None:
    job = network_job(workspace)
    deferred(job)
    verify.run(job, SILENT)
    assert step.run(job, SILENT) == Outcome("deferred", "no such host")
    assert step.why_stale(job) is None
    named = NetworkJob(job.config, workspace, False, network=job.network)
    with pytest.raises(UnreachableError):
        step.run(named, SILENT)


def test_a_deferral_does_not_forget_what_was_extracted(
    installed: NetworkJob, folder: Path, archive: Path
) -> None:
    """Edited, then offline with no archive kept, then online again: the edit is still an edit."""
    archive_cache.drop(installed)
    edit(folder / "pipeline.config")
    deferred(installed)
    verify.run(installed, SILENT)
    step.run(installed, SILENT)
    assert differences(installed.workspace.network(NETWORK), receipt_of(installed).files)
    downloaded(installed, archive)
    verify.run(installed, SILENT)
    assert "pipeline.config.yours-1" in step.run(installed, SILENT).lines[0]


# Drift and repair


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (["rm saved_model/saved_model.pb"], "saved_model/saved_model.pb is missing"),
        (["truncate -s 5 pipeline.config"], "pipeline.config changed"),
        (["touch pipeline.config"], "pipeline.config changed"),
        (["rm -r saved_model", "touch pipeline.config"], "3 files missing and 1 file changed"),
        (["touch checkpoint/*"], "3 files changed"),
        (["rm -r *"], "7 files missing"),
    ],
)
def test_damage_is_seen_by_a_stat_and_mended(
    installed: NetworkJob, folder: Path, files: Files, damage: list[str], why: str
) -> None:
    before = job_receipt = receipt_of(installed)
    for command in damage:
        subprocess.run(["sh", "-c", command], cwd=folder, check=True)
    assert step.why_stale(installed) == why
    assert step.run(installed, SILENT).kind == "built"
    assert step.why_stale(installed) is None
    assert files.items() <= found(folder).items()
    assert receipt_of(installed) == before == job_receipt
    assert nothing_staged(installed)


def test_a_network_that_was_removed_is_unpacked_again(
    installed: NetworkJob, folder: Path, files: Files
) -> None:
    shutil.rmtree(folder)
    assert step.why_stale(installed) == f"{folder} is gone"
    step.run(installed, SILENT)
    assert found(folder) == files


def test_only_what_is_damaged_is_written(installed: NetworkJob, folder: Path) -> None:
    inodes = {path: path.stat().st_ino for path in folder.rglob("*") if path.is_file()}
    (folder / "saved_model/saved_model.pb").write_bytes(b"")
    step.run(installed, SILENT)
    changed = {path.name for path, inode in inodes.items() if path.stat().st_ino != inode}
    assert changed == {"saved_model.pb"}


def test_a_touched_file_needs_no_archive(installed: NetworkJob, folder: Path) -> None:
    archive_cache.drop(installed)
    (folder / "pipeline.config").touch()
    outcome = step.run(installed, SILENT)
    assert (outcome.note, outcome.lines) == ("all files are right", ())
    assert (folder / "pipeline.config").stat().st_mtime == MTIME


def test_the_users_edit_is_moved_aside_and_named(
    installed: NetworkJob, folder: Path, files: Files
) -> None:
    for number in (1, 2):
        edit(folder / "pipeline.config", b"edit %d" % number)
        outcome = step.run(installed, SILENT)
        assert outcome.note == "pipeline.config restored"
        assert outcome.lines == (
            f"{folder}/pipeline.config was changed: it is now pipeline.config.yours-{number}, "
            "and the original is back",
        )
        assert found(folder)[f"pipeline.config.yours-{number}"] == b"edit %d" % number
        assert found(folder)["pipeline.config"] == files["pipeline.config"]


def test_foreign_files_stay(installed: NetworkJob, folder: Path) -> None:
    edit(folder / "notes.txt", b"mine")
    edit(folder / "checkpoint" / "more.txt", b"mine too")
    assert step.why_stale(installed) is None
    (folder / "pipeline.config").unlink()
    step.run(installed, SILENT)
    assert found(folder)["notes.txt"] == b"mine"
    assert found(folder)["checkpoint/more.txt"] == b"mine too"


def test_a_link_in_place_of_a_folder_does_not_lead_us_away(
    installed: NetworkJob, folder: Path, files: Files, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.rmtree(folder / "saved_model")
    (folder / "saved_model").symlink_to(elsewhere)
    outcome = step.run(installed, SILENT)
    assert list(elsewhere.iterdir()) == []
    assert (folder / "saved_model.yours-1").is_symlink()
    assert "saved_model.yours-1" in outcome.lines[0]
    assert found(folder).items() >= files.items()


def test_a_folder_in_place_of_a_file_is_moved_aside_whole(
    installed: NetworkJob, folder: Path, files: Files
) -> None:
    (folder / "pipeline.config").unlink()
    (folder / "pipeline.config").mkdir()
    edit(folder / "pipeline.config" / "mine", b"mine")
    step.run(installed, SILENT)
    assert found(folder) == {**files, "pipeline.config.yours-1/mine": b"mine"}


def test_a_repair_without_the_archive_changes_nothing(installed: NetworkJob, folder: Path) -> None:
    archive_cache.drop(installed)
    edit(folder / "pipeline.config")
    with pytest.raises(DamagedError, match="the archive is gone"):
        step.run(installed, SILENT)
    assert found(folder)["pipeline.config"] == b"edited"


def test_a_full_disk_is_told_before_anything_is_written(
    job: NetworkJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(job.workspace.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=3))
    with pytest.raises(DiskError, match=r"[0-9.]+ kB are needed, 3 B are free on .*pre-trained"):
        step.run(job, SILENT)
    assert nothing_staged(job)


def test_a_full_disk_is_told_before_the_users_file_is_moved(
    installed: NetworkJob, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder / "pipeline.config")
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=3))
    with pytest.raises(DiskError, match=r"are needed, 3 B are free on .*pre-trained"):
        step.run(installed, SILENT)
    assert found(folder)["pipeline.config"] == b"edited"


# Another archive over an installed network


def test_a_new_archive_replaces_what_nobody_changed(
    installed: NetworkJob, folder: Path, archive: Path, files: Files
) -> None:
    newer = {**zoo_files(), "label_map.txt": b"new"}
    update(installed, archive, newer)
    assert step.why_stale(installed) == "another archive"
    outcome = step.run(installed, SILENT)
    assert outcome.lines == ()
    assert found(folder) == newer
    assert receipt_of(installed).archive_sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert step.why_stale(installed) is None


def test_what_a_new_archive_lacks_is_removed_unless_changed(
    installed: NetworkJob, folder: Path, archive: Path, files: Files
) -> None:
    more = {**files, "extra/a": b"a", "extra/b": b"b"}
    update(installed, archive, more)
    step.run(installed, SILENT)
    edit(folder / "extra" / "b")
    edit(folder / "checkpoint" / "checkpoint")
    update(installed, archive, zoo_files())
    outcome = step.run(installed, SILENT)
    assert not (folder / "extra" / "a").exists()
    assert (folder / "extra" / "b").read_bytes() == b"edited"
    assert (folder / "checkpoint" / "checkpoint.yours-1").read_bytes() == b"edited"
    assert any("extra/b is left" in line for line in outcome.lines)
    assert any("checkpoint.yours-1" in line for line in outcome.lines)
    assert step.why_stale(installed) is None


def test_a_recompressed_archive_of_the_same_files_writes_none(
    installed: NetworkJob, folder: Path, archive: Path, files: Files
) -> None:
    inodes = {path: path.stat().st_ino for path in folder.rglob("*")}
    zoo_archive(archive, files, level=1)
    downloaded(installed, archive)
    forget(installed.workspace.lock_file, NETWORK)
    verify.run(installed, SILENT)
    assert step.run(installed, SILENT).note == "all files are right"
    assert {path: path.stat().st_ino for path in folder.rglob("*")} == inodes


# What was there before us


def untar(archive: Path, job: NetworkJob) -> None:
    job.workspace.pre_trained.mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", job.workspace.pre_trained], check=True)


def test_what_was_unpacked_by_hand_is_adopted(job: NetworkJob, folder: Path, archive: Path) -> None:
    untar(archive, job)
    inodes = {path: path.stat().st_ino for path in folder.rglob("*")}
    outcome = step.run(job, SILENT)
    assert outcome.note == "7 files found in place, adopted"
    assert {path: path.stat().st_ino for path in folder.rglob("*")} == inodes
    assert step.why_stale(job) is None


def test_adoption_and_unpacking_end_with_the_same_receipt(
    job: NetworkJob, folder: Path, archive: Path
) -> None:
    step.run(job, SILENT)
    unpacked = receipt_of(job)
    shutil.rmtree(job.workspace.pre_trained)
    job.workspace.receipt("extract", NETWORK).unlink()
    untar(archive, job)
    step.run(job, SILENT)
    assert receipt_of(job) == unpacked


def test_adoption_needs_no_archive_and_any_mtime_will_do(
    job: NetworkJob, folder: Path, archive: Path
) -> None:
    untar(archive, job)
    archive_cache.drop(job)
    (folder / "pipeline.config").touch()
    step.run(job, SILENT)
    assert step.why_stale(job) is None
    assert abs((folder / "pipeline.config").stat().st_mtime - time.time()) < 100


@pytest.mark.parametrize(
    ("damage", "differs"),
    [
        ("echo x >> pipeline.config", "pipeline.config differs"),
        ("echo x >> pipeline.config; rm -r saved_model", "pipeline.config differs"),
        (
            "for f in pipeline.config checkpoint/*; do echo x >> $f; done",
            "and 3 more; all of them: ",
        ),
    ],
)
def test_what_was_unpacked_by_hand_and_differs_stays_untouched(
    job: NetworkJob, folder: Path, archive: Path, damage: str, differs: str
) -> None:
    untar(archive, job)
    subprocess.run(["sh", "-c", damage], cwd=folder, check=True)
    before = {path: path.lstat() for path in folder.rglob("*")}
    with pytest.raises(UserFilesError, match=rf"{differs}.*move {folder} away"):
        step.run(job, SILENT)
    after = {path: path.lstat() for path in folder.rglob("*")}
    assert {p: (s.st_ino, s.st_mtime_ns) for p, s in before.items()} == {
        p: (s.st_ino, s.st_mtime_ns) for p, s in after.items()
    }


@pytest.mark.parametrize("lost", ["saved_model/saved_model.pb", "saved_model", "checkpoint"])
def test_what_is_missing_of_a_network_unpacked_by_hand_is_filled_in(
    job: NetworkJob, folder: Path, archive: Path, files: Files, lost: str
) -> None:
    untar(archive, job)
    subprocess.run(["rm", "-r", lost], cwd=folder, check=True)
    step.run(job, SILENT)
    assert found(folder) == files
    assert step.why_stale(job) is None


def test_a_network_is_unpacked_around_the_files_that_clean_left(
    job: NetworkJob, folder: Path, files: Files
) -> None:
    edit(folder / "notes.txt", b"mine")
    edit(folder / "pipeline.config", b"my own config")
    lines = step.run(job, SILENT).lines
    assert found(folder) == {
        **files,
        "notes.txt": b"mine",
        "pipeline.config.yours-1": b"my own config",
    }
    assert "pipeline.config.yours-1" in lines[0]


def test_extra_files_in_an_adopted_network_stay(
    job: NetworkJob, folder: Path, archive: Path
) -> None:
    untar(archive, job)
    edit(folder / "notes.txt", b"mine")
    step.run(job, SILENT)
    assert found(folder)["notes.txt"] == b"mine"
    assert "notes.txt" not in receipt_of(job).files


def test_the_archives_own_top_folder_is_not_ours_to_touch(
    workspace: Workspace, archive: Path
) -> None:
    zoo_archive(archive, top="another_name")
    job = network_job(workspace)
    downloaded(job, archive)
    verify.run(job, SILENT)
    (workspace.pre_trained / "another_name").mkdir(parents=True)
    edit(workspace.pre_trained / "another_name" / "mine", b"mine")
    step.run(job, SILENT)
    assert found(workspace.pre_trained / "another_name") == {"mine": b"mine"}


def test_an_empty_folder_is_no_obstacle(job: NetworkJob, folder: Path, files: Files) -> None:
    folder.mkdir(parents=True)
    step.run(job, SILENT)
    assert found(folder) == files


@pytest.mark.parametrize("kind", ["file", "link", "dangling link"])
def test_a_file_or_a_link_in_our_place_is_the_users(
    job: NetworkJob, folder: Path, tmp_path: Path, kind: str
) -> None:
    folder.parent.mkdir()
    if kind == "file":
        folder.write_bytes(b"mine")
    else:
        folder.symlink_to(tmp_path if kind == "link" else "nowhere")
    before = folder.lstat()
    with pytest.raises(UserFilesError, match="of yours; move it away"):
        step.run(job, SILENT)
    assert folder.lstat().st_ino == before.st_ino


def test_a_receipt_that_is_lost_or_broken_costs_a_check(
    installed: NetworkJob, folder: Path
) -> None:
    before = receipt_of(installed)
    path = installed.workspace.receipt("extract", NETWORK)
    for broken in (b"", b"\0\1", b"{}"):
        path.write_bytes(broken)
        assert step.why_stale(installed) == "never done"
        assert "adopted" in step.run(installed, SILENT).note
        assert receipt_of(installed) == before


def test_without_verification_nothing_is_unpacked(workspace: Workspace) -> None:
    job = network_job(workspace)
    with pytest.raises(TodError, match="was not verified"):
        step.run(job, SILENT)


def test_a_changed_way_of_unpacking_is_told(installed: NetworkJob) -> None:
    import msgspec

    old = msgspec.structs.replace(receipt_of(installed), definition="older")
    write(installed.workspace.receipt("extract", NETWORK), old)
    assert step.why_stale(installed) == "the way of unpacking changed"
    assert step.run(installed, SILENT).note == "all files are right"
