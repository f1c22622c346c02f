"""What is up to date, what is read in place, what is found in the cache."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import msgspec
import pytest

from tasks.core.errors import DownloadError
from tasks.core.paths import Cache, Workspace
from tasks.download import step
from tasks.pipeline import archive_cache
from tasks.pipeline.job import Silent
from tasks.web import request
from tests.support.downloads import (
    BODY,
    OTHER,
    SHA256,
    install,
    local_archive,
    network_job,
    receipt_of,
)
from tests.support.servers import file, free_port, serving

# Local files


def test_a_local_archive_is_read_in_place(workspace: Workspace, cache: Cache) -> None:
    path = local_archive(workspace)
    job = network_job(workspace, "exports/net.tar.gz")
    assert step.why_stale(job) == "never done"
    assert step.run(job, Silent()).kind == "built"
    receipt = receipt_of(job)
    assert (receipt.archive, receipt.sha256) == ("exports/net.tar.gz", SHA256)
    assert (receipt.size, receipt.attested_by) == (len(BODY), "file")
    assert archive_cache.archive_of(job) == path
    assert step.why_stale(job) is None
    assert step.run(job, Silent()).kind == "kept"
    assert not cache.root.exists()


@pytest.mark.parametrize("form", ["file://{}", "{}"])
def test_an_absolute_path_and_a_file_address_do_as_well(form: str, workspace: Workspace) -> None:
    path = local_archive(workspace)
    job = network_job(workspace, form.format(path))
    step.run(job, Silent())
    assert archive_cache.archive_of(job) == path


def test_a_local_archive_that_changed_is_read_again(workspace: Workspace) -> None:
    path = local_archive(workspace)
    job = network_job(workspace, "exports/net.tar.gz")
    step.run(job, Silent())
    path.write_bytes(OTHER + b"longer")
    assert step.why_stale(job) == "the archive changed"
    step.run(job, Silent())
    assert receipt_of(job).sha256 != SHA256
    assert step.why_stale(job) is None


def test_a_local_archive_that_was_only_touched_changes_no_receipt(workspace: Workspace) -> None:
    path = local_archive(workspace)
    job = network_job(workspace, "exports/net.tar.gz")
    step.run(job, Silent())
    before = job.workspace.receipt("download", "net").stat().st_mtime_ns
    os.utime(path, (1, 1))
    assert step.why_stale(job) == "the archive changed"
    step.run(job, Silent())
    assert job.workspace.receipt("download", "net").stat().st_mtime_ns == before
    assert step.why_stale(job) is None


def test_a_local_archive_that_is_gone_is_an_error_with_a_hint(workspace: Workspace) -> None:
    job = network_job(workspace, "exports/net.tar.gz")
    with pytest.raises(DownloadError, match=r"exports/net.tar.gz: no such file; .*doit adopt net"):
        step.run(job, Silent())


def test_the_next_source_stands_in_for_a_local_archive_that_is_gone(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, "exports/net.tar.gz", server.url())
        step.run(job, Silent())
    assert receipt_of(job).source == server.url()
    assert receipt_of(job).archive == ""


def test_a_mirror_on_a_disk_serves_where_no_host_is_reached(
    workspace: Workspace, tmp_path: Path
) -> None:
    place = tmp_path / "usb" / "20200711" / "net.tar.gz"
    place.parent.mkdir(parents=True)
    place.write_bytes(BODY)
    dead = f"http://127.0.0.1:{free_port()}/20200711/net.tar.gz"
    job = network_job(workspace, dead, mirrors=(str(tmp_path / "usb"),))
    step.run(job, Silent())
    assert archive_cache.archive_of(job) == place


# Up to date, or not


def test_an_intact_network_needs_no_archive(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        archive_cache.drop(job)
        assert step.why_stale(job) == "the archive is gone"
        changed = install(job, SHA256)
        assert step.why_stale(job) is None
        changed.write_bytes(b"model { edited }")
        assert step.why_stale(job) == "the archive is gone"
        step.run(job, Silent())
    assert step.why_stale(job) is None
    assert len(server.requests) == 2


def test_a_network_from_another_archive_does_not_stand_in(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
    archive_cache.drop(job)
    install(job, "0" * 64)
    assert step.why_stale(job) == "the archive is gone"


def test_other_sources_are_another_task(workspace: Workspace) -> None:
    local_archive(workspace)
    step.run(network_job(workspace, "exports/net.tar.gz"), Silent())
    assert step.why_stale(network_job(workspace, "exports/other.tar.gz")) == "its sources changed"


def test_another_mirror_is_not(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        step.run(network_job(workspace, server.url()), Silent())
    assert step.why_stale(network_job(workspace, server.url(), mirrors=("/media/usb",))) is None


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b'{"status": 3}', b"\xff\xff"])
def test_a_torn_receipt_is_made_again_without_a_download(torn: bytes, workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        path = workspace.receipt("download", "net")
        whole = path.read_bytes()
        path.write_bytes(torn)
        assert step.why_stale(job) == "never done"
        assert step.run(job, Silent()).note == "found in the cache"
    assert path.read_bytes() == whole
    assert len(server.requests) == 1


def test_another_workspace_finds_the_archive_in_the_cache(
    workspace: Workspace, tmp_path: Path
) -> None:
    other = Workspace(tmp_path / "other")
    other.root.mkdir()
    with serving(file(BODY)) as server:
        step.run(network_job(workspace, server.url()), Silent())
        outcome = step.run(network_job(other, server.url()), Silent())
    assert outcome.note == "found in the cache"
    assert len(server.requests) == 1
    receipts = [each.receipt("download", "net").read_bytes() for each in (workspace, other)]
    assert receipts[0] == receipts[1]


def test_a_cached_archive_that_was_only_touched_is_used(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
    os.utime(archive_cache.cached(job), (1, 1))
    assert step.why_stale(job) == "the archive changed in the cache"
    assert step.run(job, Silent()).note == "found in the cache"
    assert step.why_stale(job) is None


def test_a_cached_archive_whose_bytes_changed_is_set_aside(
    workspace: Workspace, cache: Cache
) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        archive = archive_cache.cached(job)
        archive.write_bytes(OTHER)
        assert step.run(job, Silent()).note == "from 127.0.0.1"
    assert archive.read_bytes() == BODY
    assert cache.set_aside(archive, "damaged").read_bytes() == OTHER


def test_a_recorded_digest_is_the_best_witness(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url(), sha256=SHA256)
        step.run(job, Silent())
    assert receipt_of(job).attested_by == "recorded"


def test_two_networks_of_one_file_name_do_not_collide(workspace: Workspace) -> None:
    """`extremenet.tar.gz` exists at two dates."""
    with serving(file(BODY), file(OTHER)) as server:
        old = network_job(workspace, server.url("20200711/net.tar.gz"))
        step.run(old, Silent())
        new = network_job(workspace, server.url("20210507/net.tar.gz"), locked=OTHER)
        step.run(new, Silent())
    assert archive_cache.cached(old).read_bytes() == BODY
    assert archive_cache.cached(new).read_bytes() == OTHER


# Odds and ends


def test_the_receipt_tells_no_secret_of_this_machine(workspace: Workspace, tmp_path: Path) -> None:
    with serving(file(BODY)) as server:
        step.run(network_job(workspace, server.url()), Silent())
    text = workspace.receipt("download", "net").read_text()
    assert str(tmp_path) not in text
    assert "archive" in msgspec.json.decode(text)


def test_a_moved_workspace_is_not_stale(workspace: Workspace, tmp_path: Path) -> None:
    with serving(file(BODY)) as server:
        step.run(network_job(workspace, server.url()), Silent())
    moved = shutil.move(workspace.root, tmp_path / "elsewhere")
    assert step.why_stale(network_job(Workspace(Path(moved)), server.url())) is None


def test_the_user_agent_bears_the_projects_version() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert f"tod-tf2/{project['project']['version']}" == request.AGENT
