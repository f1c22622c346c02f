"""Other addresses for the same archive: what the lock names is not fetched twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.paths import Workspace
from tasks.download import cached, step
from tasks.download.outlook import outlook
from tasks.pipeline import archive_cache
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob, Silent
from tests.support.downloads import (
    BODY,
    OTHER,
    SHA256,
    install,
    leave_partial,
    network_job,
    receipt_of,
)
from tests.support.jobs import with_network
from tests.support.servers import file, serving

NOBODY = "https://nobody.example/20200711/net.tar.gz"


@pytest.fixture
def job(workspace: Workspace) -> NetworkJob:
    """A network that was fetched from one address, and is in the lock."""
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
    return job


@pytest.fixture(autouse=True)
def nobody_is_asked(job: NetworkJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_OFFLINE", "1")


def moved(job: NetworkJob) -> NetworkJob:
    return with_network(job, sources=(NOBODY,))


def test_the_cached_archive_answers_for_other_addresses(job: NetworkJob) -> None:
    assert step.why_stale(moved(job)) == "its sources changed"
    assert step.run(moved(job), Silent()).note == "found in the cache"
    assert archive_cache.cached(moved(job)).read_bytes() == BODY
    assert archive_cache.cached(job).exists()  # another workspace may use it
    assert step.why_stale(moved(job)) is None


def test_the_installed_network_answers_when_its_archive_is_gone(job: NetworkJob) -> None:
    archive_cache.drop(job)
    install(job, SHA256)
    assert step.run(moved(job), Silent()).note == "installed already"
    assert receipt_of(job).sha256 == SHA256
    assert receipt_of(job).size == len(BODY)
    assert step.why_stale(moved(job)) is None


def test_a_lost_receipt_does_not_matter(job: NetworkJob) -> None:
    archive_cache.drop(job)
    install(job, SHA256)
    job.workspace.receipt("download", "net").unlink()
    assert step.run(moved(job), Silent()).kind == "built"
    assert (receipt_of(job).sha256, receipt_of(job).size) == (SHA256, len(BODY))


def test_a_confirmed_digest_does_as_well_as_the_lock(job: NetworkJob) -> None:
    job.workspace.lock_file.unlink()
    confirmed = {"sha256": SHA256, "confidence": "confirmed"}
    assert step.run(with_network(moved(job), archive=confirmed), Silent()).kind == "built"


def test_without_the_lock_other_addresses_are_another_archive(job: NetworkJob) -> None:
    job.workspace.lock_file.unlink()
    assert step.run(moved(job), Silent()).kind == "deferred"


def test_a_record_that_lies_is_not_believed(job: NetworkJob) -> None:
    archive_cache.cached(job).write_bytes(OTHER)
    assert step.run(moved(job), Silent()).kind == "deferred"
    assert not archive_cache.cached(moved(job)).exists()


def test_a_network_that_was_edited_does_not_answer(job: NetworkJob) -> None:
    archive_cache.drop(job)
    install(job, SHA256).write_bytes(b"model { edited }")
    assert step.run(moved(job), Silent()).kind == "deferred"


def test_a_copy_that_another_doit_takes_while_it_is_looked_for_is_passed_over(
    job: NetworkJob,
) -> None:
    """Its name and its record are still there, as they are right after the names were listed."""
    gone = archive_cache.cached(job).with_name("a-gone.tar.gz")
    gone.symlink_to("nowhere")
    record = archive_cache.read_record(job.cache.record(archive_cache.cached(job)))
    assert record is not None
    archive_cache.write_record(job.cache.record(gone), record)
    assert step.run(moved(job), Silent()).note == "found in the cache"


def test_a_copy_that_is_taken_while_it_is_hashed_is_none(
    job: NetworkJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = archive_cache.measured

    def taken(job: NetworkJob, path: Path, record: ArchiveRecord) -> ArchiveRecord:
        path.unlink()
        return measured(job, path, record)

    monkeypatch.setattr(archive_cache, "measured", taken)
    assert cached.usable(job) is None


def test_a_partial_that_another_doit_takes_while_room_is_looked_for_counts_nothing(
    job: NetworkJob,
) -> None:
    archive_cache.drop(job)
    gone = leave_partial(job.cache, NOBODY, BODY[:9], total=len(BODY))
    gone.unlink()
    gone.symlink_to("nowhere")
    assert outlook(moved(job)).begun == 0
