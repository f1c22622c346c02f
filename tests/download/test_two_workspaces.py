"""Workspaces that share a cache and trust different archives of one address."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.errors import DamagedError
from tasks.core.paths import Workspace
from tasks.download import step
from tasks.pipeline import archive_cache
from tasks.pipeline.job import Silent
from tests.support.downloads import BODY, OTHER, network_job
from tests.support.servers import file, serving


@pytest.fixture
def another(tmp_path: Path) -> Workspace:
    root = tmp_path / "another"
    root.mkdir()
    return Workspace(root)


def test_each_has_its_own_and_none_is_fetched_twice(
    workspace: Workspace, another: Workspace
) -> None:
    with serving(file(BODY), file(OTHER)) as server:
        job = network_job(workspace, server.url(), locked=BODY)
        other = network_job(another, server.url(), locked=OTHER)
        for one in (job, other):
            assert step.run(one, Silent()).note == "from 127.0.0.1"
        for one, body in ((job, BODY), (other, OTHER), (job, BODY)):
            one.workspace.receipt("download", "net").unlink()
            assert step.run(one, Silent()).note == "found in the cache"
            assert archive_cache.cached(one).read_bytes() == body


def test_a_workspace_with_a_wrong_digest_takes_nobodys_archive_away(
    workspace: Workspace, another: Workspace
) -> None:
    with serving(file(BODY), file(BODY)) as server:
        job = network_job(workspace, server.url(), locked=BODY)
        step.run(job, Silent())
        wrong = network_job(another, server.url(), locked=OTHER)
        with pytest.raises(DamagedError):  # it is no tar; a whole archive would be refused
            step.run(wrong, Silent())
    assert step.run(job, Silent()).note == "found in the cache"
    assert archive_cache.cached(job).read_bytes() == BODY


def test_a_copy_that_no_other_workspace_needs_makes_room(workspace: Workspace) -> None:
    with serving(file(BODY), file(OTHER)) as server:
        step.run(network_job(workspace, server.url(), locked=BODY), Silent())
        job = network_job(workspace, server.url(), locked=OTHER)
        job.workspace.receipt("download", "net").unlink()
        assert step.run(job, Silent()).note == "from 127.0.0.1"
    assert len(list(archive_cache.cached(job).parent.glob("*.tar.gz"))) == 1
