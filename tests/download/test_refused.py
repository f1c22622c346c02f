"""An archive that was refused: not fetched again while it is offered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.errors import RefusedError
from tasks.core.paths import Workspace
from tasks.download import step
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob, Silent
from tasks.web import connectivity
from tests.support.downloads import BODY, OTHER, Waits, network_job
from tests.support.servers import file, reset_at_once, serving


def refuse(job: NetworkJob) -> Path:
    path = archive_cache.set_aside(job, archive_cache.cached(job), "refused")
    assert path is not None
    return path


@pytest.mark.parametrize("etag", ['"one"', None])
def test_a_refused_archive_is_not_fetched_again_while_it_is_offered(
    etag: str | None, workspace: Workspace
) -> None:
    with serving(file(BODY, etag=etag)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        path = refuse(job)
        assert step.why_stale(job) == "the archive was refused"
        with pytest.raises(RefusedError, match="doit accept net"):
            step.run(job, Silent())
        assert [request.method for request in server.requests] == ["GET", "HEAD"]
    assert path.read_bytes() == BODY


def test_a_refused_archive_is_superseded_once_the_server_offers_another(
    workspace: Workspace,
) -> None:
    with serving(file(BODY), file(OTHER, etag='"two"')) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        path = refuse(job)
        step.run(job, Silent())
    assert archive_cache.cached(job).read_bytes() == OTHER
    assert not path.exists()


def test_a_refused_archive_whose_server_is_gone_stays_refused(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
    path = refuse(job)
    with pytest.raises(RefusedError, match="can't be asked"):
        step.run(job, Silent(), Waits().tools)
    assert path.exists()


def test_a_refused_archive_that_is_let_in_again_needs_no_network(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        refuse(job)
        archive_cache.readmit(job)
    assert step.why_stale(job) is None


def test_a_better_source_is_still_asked_when_anothers_archive_was_refused(
    workspace: Workspace,
) -> None:
    late = (reset_at_once, reset_at_once, reset_at_once, file(OTHER))
    with serving(*late) as first, serving(file(BODY)) as second:
        job = network_job(workspace, first.url(), second.url())
        step.run(job, Silent(), Waits().tools)
        refuse(job)
        connectivity.verdicts.cache_clear()  # as in a later doit
        step.run(job, Silent())
    assert archive_cache.cached(job).read_bytes() == OTHER
