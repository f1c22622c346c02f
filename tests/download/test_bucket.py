"""Answers in the name of the zoo's own bucket: its own, and strangers'."""

from __future__ import annotations

import pytest

from tasks.core.errors import DownloadError
from tasks.core.paths import Workspace
from tasks.download import step
from tasks.pipeline.job import Silent
from tests.support.downloads import Waits, network_job
from tests.support.servers import answer, free_port, redirect, serving

GOOG = {"x-goog-generation": 7, "x-guploader-uploadid": "abc"}


@pytest.mark.usefixtures("loopback_is_the_bucket")
@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_a_refusal_without_the_buckets_headers_is_a_strangers(
    status: int, workspace: Workspace
) -> None:
    waits = Waits()
    with serving(answer(status, b"blocked")) as server:
        outcome = step.run(network_job(workspace, server.url()), Silent(), waits.tools)
        assert len(server.requests) == 1
    assert outcome.kind == "deferred"
    assert f"a proxy or filter answers ({status})" in outcome.note
    assert waits.asked == []


@pytest.mark.usefixtures("loopback_is_the_bucket")
@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_of_the_bucket_itself_is_final(status: int, workspace: Workspace) -> None:
    with (
        serving(answer(status, headers=GOOG)) as server,
        pytest.raises(DownloadError, match=str(status)),
    ):
        step.run(network_job(workspace, server.url()), Silent())


@pytest.mark.usefixtures("loopback_is_the_bucket")
def test_a_refusal_of_the_bucket_counts_for_both_its_names(workspace: Workspace) -> None:
    with serving(answer(403, headers=GOOG)) as server:
        dead = f"http://127.0.0.1:{free_port()}/net.tar.gz"
        with pytest.raises(DownloadError, match="403"):
            step.run(network_job(workspace, server.url(), dead), Silent())


@pytest.mark.usefixtures("loopback_is_the_bucket")
def test_a_bucket_that_is_busy_for_ever_is_an_error(workspace: Workspace) -> None:
    with serving(answer(503, headers=GOOG)) as server:
        with pytest.raises(DownloadError, match="busy"):
            step.run(network_job(workspace, server.url()), Silent(), Waits().tools)
        assert len(server.requests) == 3


@pytest.mark.usefixtures("loopback_is_the_bucket")
@pytest.mark.parametrize(
    "reply", [answer(200, b"<html>Please log in</html>"), redirect(302, "/loop")]
)
def test_a_portal_in_place_of_the_bucket_is_out_of_reach(
    reply: object, workspace: Workspace
) -> None:
    with serving(reply) as server:  # type: ignore[arg-type]
        assert step.run(network_job(workspace, server.url()), Silent()).kind == "deferred"


@pytest.mark.usefixtures("loopback_is_the_bucket")
def test_a_stranger_is_not_asked_again_for_the_next_network(workspace: Workspace) -> None:
    with serving(answer(403)) as server:
        step.run(network_job(workspace, server.url("1/a.tar.gz"), name="a"), Silent())
        step.run(network_job(workspace, server.url("1/b.tar.gz"), name="b"), Silent())
        assert len(server.requests) == 1
