"""A disk that is too small, or not ours to write."""

from __future__ import annotations

import os

import pytest

from tasks.core.errors import DiskError
from tasks.core.paths import Cache, Workspace
from tasks.download import step
from tasks.download.transfer import Tools
from tasks.pipeline.job import Silent
from tests.support.downloads import BODY, network_job, partials
from tests.support.servers import file, serving


def test_a_disk_without_room_is_an_error_before_the_first_byte(
    workspace: Workspace, cache: Cache
) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        with pytest.raises(DiskError, match=r"are needed, 400.0 kB are free") as caught:
            step.run(job, Silent(), Tools(free=lambda _: 400_000))
    assert "TOD_CACHE" in caught.value.todo
    assert not partials(cache.root)


def test_room_for_the_archive_alone_is_not_enough(workspace: Workspace) -> None:
    room = {"cache": 10**9, "pre-trained": 1000}
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tasks.pipeline.room.device_of", lambda folder: folder.name)
            with pytest.raises(DiskError, match="pre-trained"):
                step.run(job, Silent(), Tools(free=lambda folder: room[folder.name]))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_may_not_be_written_is_one_line(workspace: Workspace, cache: Cache) -> None:
    cache.root.mkdir(mode=0o500)
    with serving(file(BODY)) as server, pytest.raises(DiskError, match="permission denied"):
        step.run(network_job(workspace, server.url()), Silent())


def test_a_file_where_the_cache_should_be_is_one_line(workspace: Workspace, cache: Cache) -> None:
    cache.root.write_bytes(b"")
    with serving(file(BODY)) as server, pytest.raises(DiskError, match="net: "):
        step.run(network_job(workspace, server.url()), Silent())
