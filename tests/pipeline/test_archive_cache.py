"""The archives at hand: only our own copies are ever moved or removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.core.paths import Cache, Workspace
from tasks.download import step
from tasks.pipeline import archive_cache
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob, Silent
from tests.support.downloads import BODY, OTHER, SHA256, network, network_job

ADDRESS = "http://127.0.0.1:9/20200711/net.tar.gz"


@pytest.fixture
def adopted(workspace: Workspace, tmp_path: Path) -> NetworkJob:
    """A job whose archive was put into the cache by hand."""
    job = network_job(workspace, ADDRESS)
    mine = tmp_path / "Downloads.tar.gz"
    mine.write_bytes(BODY)
    archive_cache.put(job, mine, ArchiveRecord(source="adopted", attested_by="file"))
    return job


def test_the_key_tells_objects_apart_not_mirrors(workspace: Workspace) -> None:
    keys = {
        archive_cache.object_key(network(source), workspace.root)
        for source in ("http://a/1/n", "http://a/2/n")
    }
    assert len(keys) == 2
    plain, mirrored = (
        network_job(workspace, ADDRESS),
        network_job(workspace, ADDRESS, mirrors=("x",)),
    )
    assert archive_cache.cached(plain) == archive_cache.cached(mirrored)


def test_relative_paths_of_two_workspaces_are_two_objects(tmp_path: Path) -> None:
    places = {
        archive_cache.cached(network_job(Workspace(tmp_path / name), "exports/net.tar.gz"))
        for name in ("one", "two")
    }
    assert len(places) == 2


def test_an_adopted_file_is_copied_and_stays(
    adopted: NetworkJob, tmp_path: Path, cache: Cache
) -> None:
    archive = archive_cache.archive_of(adopted)
    assert archive == archive_cache.cached(adopted)
    assert archive.read_bytes() == (tmp_path / "Downloads.tar.gz").read_bytes() == BODY
    record = archive_cache.read_record(cache.record(archive))
    assert record is not None
    assert (record.sha256, record.size, record.source) == (SHA256, len(BODY), "adopted")
    assert archive_cache.is_untouched(archive, record)


def test_an_adopted_archive_needs_no_network(adopted: NetworkJob) -> None:
    assert step.run(adopted, Silent()).note == "found in the cache"


def test_setting_aside_moves_archive_and_record(adopted: NetworkJob, cache: Cache) -> None:
    place = archive_cache.set_aside(adopted, archive_cache.cached(adopted), "refused")
    assert place == archive_cache.refused(adopted)
    assert place is not None
    assert place.read_bytes() == BODY
    assert archive_cache.read_record(cache.record(place)) is not None
    assert archive_cache.archive_of(adopted) is None
    assert not cache.record(archive_cache.cached(adopted)).exists()


def test_setting_aside_replaces_an_older_one(
    adopted: NetworkJob, tmp_path: Path, cache: Cache
) -> None:
    archive_cache.set_aside(adopted, archive_cache.cached(adopted), "damaged")
    other = tmp_path / "other.tar.gz"
    other.write_bytes(OTHER)
    archive_cache.put(adopted, other, ArchiveRecord(source="adopted"))
    place = archive_cache.set_aside(adopted, archive_cache.cached(adopted), "damaged")
    assert place is not None
    assert place.read_bytes() == OTHER
    assert len(list((cache.root / "damaged").iterdir())) == 2


def test_a_refused_archive_comes_back(adopted: NetworkJob) -> None:
    archive_cache.set_aside(adopted, archive_cache.cached(adopted), "refused")
    assert archive_cache.readmit(adopted).read_bytes() == BODY
    assert archive_cache.refused(adopted) is None


def test_a_local_archive_is_never_ours(workspace: Workspace) -> None:
    path = workspace.root / "net.tar.gz"
    path.write_bytes(BODY)
    job = network_job(workspace, "net.tar.gz")
    step.run(job, Silent())
    assert archive_cache.archive_of(job) == path
    assert not archive_cache.is_ours(job, path)
    assert archive_cache.set_aside(job, path, "damaged") is None
    archive_cache.drop(job)
    assert path.read_bytes() == BODY


def test_a_local_archive_that_the_user_keeps_in_our_cache_is_not_ours(
    workspace: Workspace, cache: Cache
) -> None:
    path = cache.root / "archives" / "mine.tar.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY)
    job = network_job(workspace, str(path))
    step.run(job, Silent())
    assert archive_cache.set_aside(job, path, "refused") is None
    assert path.exists()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_way_out_of_the_cache_is_not_ours(
    adopted: NetworkJob, workspace: Workspace, cache: Cache
) -> None:
    outside = workspace.root / "outside"
    outside.mkdir()
    (cache.root / "linked").symlink_to(outside)
    assert not archive_cache.is_ours(adopted, cache.root / "linked" / "x.tar.gz")
    assert not archive_cache.is_ours(adopted, cache.root / ".." / "x.tar.gz")


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b'{"size": "x"}', b"\xff"])
def test_a_torn_record_is_none(torn: bytes, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_bytes(torn)
    assert archive_cache.read_record(tmp_path / "record.json") is None


def test_dropping_what_is_not_there_is_nothing(adopted: NetworkJob) -> None:
    archive_cache.drop(adopted)
    archive_cache.drop(adopted)
    archive_cache.drop(adopted, refused=True)
    assert archive_cache.archive_of(adopted) is None
