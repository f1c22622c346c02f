"""The verify step: what becomes of an archive, of the receipt and of the lock."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path

import pytest

from tasks.config import lock
from tasks.config.types import LockEntry
from tasks.core.errors import (
    ConfigError,
    DamagedError,
    DiskError,
    RefusedError,
    UnreachableError,
    UnsafeArchiveError,
    UsageError,
)
from tasks.core.paths import Cache, Workspace
from tasks.core.receipts import read
from tasks.download.remote import by_hand
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob, Silent
from tasks.pipeline.receipts import VerifyReceipt
from tasks.verify import step
from tasks.verify.work import verify_file
from tasks.wiring.names import network_of_file
from tests.support.archives import NETWORK, file_member, tar_gz, zoo_archive, zoo_files
from tests.support.jobs import (
    deferred,
    downloaded,
    forget,
    local,
    network_job,
    with_network,
    with_settings,
)

SILENT = Silent()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "mine.tar.gz"
    zoo_archive(path)
    return path


@pytest.fixture
def job(workspace: Workspace) -> NetworkJob:
    return network_job(workspace)


def receipt_of(job: NetworkJob) -> VerifyReceipt:
    receipt = read(job.workspace.receipt("verify", job.name), VerifyReceipt)
    assert receipt is not None
    return receipt


def locked(job: NetworkJob) -> LockEntry | None:
    return lock.read(job.workspace.lock_file).get(job.name)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_good_archive_is_verified_once(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive)
    assert step.why_stale(job) == "never done"
    outcome = step.run(job, SILENT)
    assert (outcome.kind, outcome.lines) == ("built", ())
    assert step.why_stale(job) is None
    assert step.run(job, SILENT).kind == "kept"
    receipt = receipt_of(job)
    assert (receipt.sha256, receipt.top_folder) == (sha256(archive), NETWORK)
    assert receipt.checkpoint_prefix == "checkpoint/ckpt-0"


def test_the_same_work_gives_the_same_receipt(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive)
    step.run(job, SILENT)
    path = job.workspace.receipt("verify", job.name)
    first = path.read_bytes()
    path.unlink()
    step.run(job, SILENT)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("source", "attested_by"),
    [("http://host/x", "none"), ("http://host/x", "server"), ("https://host/x", "none")],
)
def test_what_came_over_plain_http_is_not_trusted_on_first_use(
    source: str, attested_by: str, job: NetworkJob, archive: Path
) -> None:
    path = downloaded(job, archive, attested_by=attested_by, source=source)
    with pytest.raises(RefusedError, match=r"plain http.*doit accept"):
        step.run(job, SILENT)
    assert locked(job) is None
    assert path.exists()


def test_what_the_catalogue_confirms_needs_no_lock(job: NetworkJob, archive: Path) -> None:
    job = with_network(job, archive={"sha256": sha256(archive), "confidence": "confirmed"})
    downloaded(job, archive)
    assert "sha256" in step.run(job, SILENT).note
    assert not job.workspace.lock_file.exists()
    assert step.why_stale(job) is None


def test_a_lock_entry_that_was_taken_out_is_made_again(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive)
    step.run(job, SILENT)
    forget(job.workspace.lock_file, job.name)
    assert step.why_stale(job) == "config/zoo.lock has no record of it"
    step.run(job, SILENT)
    assert locked(job) is not None


def test_whole_but_unlike_the_record_is_refused_and_kept(
    job: NetworkJob, archive: Path, cache: Cache
) -> None:
    job = with_network(job, archive={"sha256": "0" * 64, "confidence": "confirmed"})
    path = downloaded(job, archive)
    with pytest.raises(RefusedError, match=rf"whole but.*doit accept {NETWORK}"):
        step.run(job, SILENT)
    assert not path.exists()
    assert archive_cache.refused(job) is not None
    assert not job.workspace.receipt("verify", job.name).exists()
    assert locked(job) is None


@pytest.mark.parametrize("name", ["nn.tar.gz$(touch${IFS}X)", "it's; `x`.tar.gz", "a b&.tar.gz"])
def test_a_command_that_is_offered_is_one_command_whatever_the_file_is_called(
    job: NetworkJob, archive: Path, name: str
) -> None:
    file = archive.rename(archive.with_name(name))
    lock.record(job.workspace.lock_file, job.name, LockEntry(sha256="0" * 64, size=5))
    with pytest.raises(RefusedError) as refused:
        verify_file(job, file, SILENT)
    offered = refused.value.todo.removeprefix("`").removesuffix("` trusts it all the same")
    assert shlex.split(offered) == ["doit", "accept", job.name, str(file)]
    with pytest.raises(UsageError) as unknown:
        network_of_file(file, job.config)
    offered = unknown.value.todo.removeprefix("name the network: `").removesuffix("`")
    assert shlex.split(offered) == ["doit", "adopt", "NETWORK", str(file)]
    job = with_network(job, sources=(f"https://host/{name}",))
    offered = by_hand(job).partition("`curl")[2].partition("elsewhere, then ")[2]
    assert shlex.split(offered.strip("`"))[:3] == ["doit", "adopt", job.name]
    assert len(shlex.split(offered.strip("`"))) == 4


def test_what_the_user_accepted_into_the_lock_passes(job: NetworkJob, archive: Path) -> None:
    job = with_network(job, archive={"sha256": "0" * 64, "confidence": "confirmed"})
    downloaded(job, archive)
    with pytest.raises(RefusedError):
        step.run(job, SILENT)
    entry = LockEntry(sha256=sha256(archive), size=archive.stat().st_size, attested_by="user")
    lock.record(job.workspace.lock_file, job.name, entry)
    archive_cache.readmit(job)
    outcome = step.run(job, SILENT)
    assert outcome.kind == "built"
    assert outcome.lines == ()
    assert step.why_stale(job) is None


def test_a_lock_that_came_from_elsewhere_is_enforced(job: NetworkJob, archive: Path) -> None:
    lock.record(job.workspace.lock_file, job.name, LockEntry(sha256="0" * 64, size=5))
    downloaded(job, archive)
    with pytest.raises(RefusedError, match=r"config/zoo\.lock has 000000000000…"):
        step.run(job, SILENT)


def test_a_lock_that_changes_later_is_seen(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive)
    step.run(job, SILENT)
    lock.record(job.workspace.lock_file, job.name, LockEntry(sha256="0" * 64, size=5))
    assert step.why_stale(job) == "config/zoo.lock records another archive"
    with pytest.raises(RefusedError):
        step.run(job, SILENT)


def test_an_installed_network_does_not_keep_the_archive_on_record_from_being_fetched(
    job: NetworkJob, archive: Path
) -> None:
    downloaded(job, archive)
    step.run(job, SILENT)
    job.workspace.network(job.name).mkdir(parents=True)
    lock.record(job.workspace.lock_file, job.name, LockEntry(sha256="0" * 64, size=5))
    with pytest.raises(RefusedError):
        step.run(job, SILENT)
    assert not job.receipt("download").exists()


def test_a_fact_of_one_source_only_warns(job: NetworkJob, archive: Path) -> None:
    job = with_network(job, archive={"size": 5})
    downloaded(job, archive)
    outcome = step.run(job, SILENT)
    assert outcome.kind == "built"
    assert "one source alone says 5" in outcome.lines[0]
    assert receipt_of(job).warnings


def test_a_damaged_archive_of_ours_is_set_aside(
    job: NetworkJob, archive: Path, cache: Cache
) -> None:
    archive.write_bytes(archive.read_bytes()[:-9])
    path = downloaded(job, archive)
    with pytest.raises(DamagedError, match=r"ends too soon.*run doit again"):
        step.run(job, SILENT)
    assert not path.exists()
    assert cache.set_aside(path, "damaged").exists()


def test_a_damaged_archive_of_the_users_stays(job: NetworkJob, archive: Path) -> None:
    archive.write_bytes(b"nonsense")
    local(job, archive)
    with pytest.raises(DamagedError, match="your own file and stays"):
        step.run(job, SILENT)
    assert archive.read_bytes() == b"nonsense"


def test_a_refused_archive_of_the_users_stays(job: NetworkJob, archive: Path) -> None:
    job = with_network(job, archive={"size": 5, "confidence": "confirmed"})
    local(job, archive)
    with pytest.raises(RefusedError):
        step.run(job, SILENT)
    assert archive.exists()


def test_bytes_that_changed_since_the_download_are_damaged(job: NetworkJob, archive: Path) -> None:
    path = downloaded(job, archive)
    zoo_archive(path)
    with pytest.raises(DamagedError, match="changed since it was fetched"):
        step.run(job, SILENT)


def test_when_the_host_vouches_for_broken_bytes_the_user_is_told(
    job: NetworkJob, archive: Path
) -> None:
    archive.write_bytes(b"<html>")
    downloaded(job, archive, attested_by="server")
    with pytest.raises(DamagedError, match=r"HTML.*vouched for"):
        step.run(job, SILENT)


def test_an_unsafe_archive_is_named_with_its_member(job: NetworkJob, archive: Path) -> None:
    archive.write_bytes(tar_gz([file_member("net/a"), file_member("../evil")]))
    path = downloaded(job, archive)
    with pytest.raises(UnsafeArchiveError, match=rf"'\.\./evil'.*remove {path}"):
        step.run(job, SILENT)


def test_an_unfit_archive_says_what_it_lacks(job: NetworkJob, archive: Path) -> None:
    zoo_archive(archive, zoo_files(pipeline_config=False))
    path = downloaded(job, archive)
    with pytest.raises(RefusedError, match=r"not fit: it holds no pipeline\.config"):
        step.run(job, SILENT)
    assert path.exists()
    job = with_network(job, pipeline_config=False)
    assert step.run(job, SILENT).kind == "built"


def test_the_settings_limit_what_is_unpacked(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive)
    with pytest.raises(UnsafeArchiveError, match="max_unpacked"):
        step.run(with_settings(job, max_unpacked=1000), SILENT)
    with pytest.raises(UnsafeArchiveError, match="more than 3 members"):
        step.run(with_settings(job, max_members=3), SILENT)


def test_a_changed_expectation_is_held_against_what_is_known(
    job: NetworkJob, archive: Path
) -> None:
    path = downloaded(job, archive)
    step.run(job, SILENT)
    path.unlink()
    stricter = with_network(job, members={"pipeline.config": {"size": 1}})
    assert step.why_stale(stricter) == "what is expected of it changed"
    assert "one source alone says 1" in step.run(stricter, SILENT).lines[0]
    wrong = with_network(job, archive={"sha256": "0" * 64, "confidence": "confirmed"})
    forget(job.workspace.lock_file, job.name)
    with pytest.raises(RefusedError, match="on record is 0000"):
        step.run(wrong, SILENT)


def test_with_archive_and_receipts_gone_the_user_is_told(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive).unlink()
    with pytest.raises(DamagedError, match="the archive is gone"):
        step.run(job, SILENT)


def test_another_archive_is_told_as_such(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive)
    step.run(job, SILENT)
    zoo_archive(archive)
    downloaded(job, archive)
    assert step.why_stale(job) == "another archive"


def test_the_same_archive_fetched_from_elsewhere_is_not_read_again(
    job: NetworkJob, archive: Path
) -> None:
    path = downloaded(job, archive)
    step.run(job, SILENT)
    downloaded(job, archive, attested_by="server")
    path.unlink()
    assert step.why_stale(job) == "its download changed"
    assert step.run(job, SILENT).kind == "built"


def test_a_deferred_download_is_passed_on(job: NetworkJob, archive: Path) -> None:
    deferred(job)
    outcome = step.run(job, SILENT)
    assert (outcome.kind, outcome.note) == ("deferred", "no such host")
    receipt = job.workspace.receipt("verify", job.name)
    before = receipt.stat().st_mtime_ns
    assert step.why_stale(job) is None
    assert step.run(job, SILENT).kind == "deferred"
    assert receipt.stat().st_mtime_ns == before
    downloaded(job, archive)
    assert step.run(job, SILENT).kind == "built"


def test_a_deferral_that_is_not_allowed_is_an_error(workspace: Workspace) -> None:
    job = network_job(workspace)
    deferred(job)
    named = NetworkJob(job.config, job.workspace, False, network=job.network)
    with pytest.raises(UnreachableError, match="no such host"):
        step.run(named, SILENT)


def test_a_broken_lock_is_one_line(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive)
    step.run(job, SILENT)
    job.workspace.lock_file.write_text("{")
    assert step.why_stale(job) == "config/zoo.lock can't be read"
    with pytest.raises(ConfigError):
        step.run(job, SILENT)


def test_a_disk_that_does_not_let_us_is_one_line(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive)
    (job.workspace.root / ".tod" / "receipts" / "verify").write_text("in the way")
    with pytest.raises(DiskError):
        step.run(job, SILENT)


def test_a_corrupted_receipt_is_made_again(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive)
    step.run(job, SILENT)
    job.workspace.receipt("verify", job.name).write_bytes(b"\0\xff{")
    assert step.why_stale(job) == "never done"
    assert step.run(job, SILENT).kind == "built"
