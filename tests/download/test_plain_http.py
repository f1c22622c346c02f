"""Whom an archive is believed: plain http is asked only where a digest settles what must come, and
a hash that the answer brings along vouches for it only if the storage host sent it over https."""

from __future__ import annotations

import base64
import hashlib
from ssl import SSLContext

import msgspec
import pytest

from tasks.core.errors import DownloadError
from tasks.core.paths import Workspace
from tasks.download import step
from tasks.pipeline.job import Silent
from tasks.web import sources
from tests.support.downloads import BODY, SHA256, network_job, receipt_of
from tests.support.jobs import with_network
from tests.support.servers import file, free_port, redirect, serving

MD5 = base64.b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()
HASHED = {"x-goog-hash": f"md5={MD5}", "x-goog-generation": 7}


def test_plain_http_is_not_asked_without_a_digest(workspace: Workspace) -> None:
    with serving(file(BODY, HASHED)) as server:
        job = network_job(workspace, server.url(), locked=None)
        with pytest.raises(DownloadError, match=r"plain http.*digest.*use an https address"):
            step.run(job, Silent())
        assert server.requests == []


def test_a_digest_of_one_source_alone_does_not_settle_it(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url(), locked=None, sha256=SHA256)
        with pytest.raises(DownloadError, match="plain http"):
            step.run(job, Silent())
        assert server.requests == []


def test_where_https_is_blocked_plain_http_does_not_stand_in(workspace: Workspace) -> None:
    """The zoo's second address must not turn a blocked first one into trust."""
    with serving(file(BODY, HASHED)) as server:
        dead = f"https://127.0.0.1:{free_port()}/net.tar.gz"
        outcome = step.run(network_job(workspace, dead, server.url(), locked=None), Silent())
        assert server.requests == []
    assert outcome.kind == "deferred"
    assert "connection refused; 127.0.0.1: plain http, and no confirmed digest" in outcome.note


@pytest.mark.usefixtures("loopback_is_the_bucket")
def test_a_refusal_to_ask_is_no_answer_of_the_bucket(workspace: Workspace) -> None:
    dead = f"https://127.0.0.1:{free_port()}/net.tar.gz"
    job = network_job(workspace, dead, "http://127.0.0.1:9/net.tar.gz", locked=None)
    assert step.run(job, Silent()).kind == "deferred"


def test_a_confirmed_digest_lets_plain_http_be_asked(workspace: Workspace) -> None:
    with serving(file(BODY, HASHED)) as server:
        job = network_job(workspace, server.url(), locked=None)
        job = with_network(job, archive={"sha256": SHA256, "confidence": "confirmed"})
        assert step.run(job, Silent()).kind == "built"
    assert receipt_of(job).attested_by == "recorded"


def test_a_mirror_over_plain_http_serves_what_the_lock_names(workspace: Workspace) -> None:
    dead = f"https://127.0.0.1:{free_port()}/20200711/net.tar.gz"
    with serving(file(BODY, HASHED)) as server:
        job = network_job(workspace, dead, mirrors=(server.url(""),), locked=None)
        assert step.run(job, Silent()).kind == "deferred"
        assert server.requests == []
        network_job(workspace, server.url())  # leaves an entry in the lock
        assert step.run(job, Silent()).kind == "built"
    assert receipt_of(job).attested_by == "none"


@pytest.mark.usefixtures("loopback_is_the_bucket")
@pytest.mark.parametrize(
    ("secure", "attested_by"), [(True, "server"), (False, "none")], ids=["https", "plain http"]
)
def test_the_buckets_hash_vouches_over_https_alone(
    secure: bool, attested_by: str, workspace: Workspace, tls: SSLContext
) -> None:
    with serving(file(BODY, HASHED), tls=tls if secure else None) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
    assert receipt_of(job).attested_by == attested_by


def test_the_hash_of_any_other_host_vouches_for_nothing(
    workspace: Workspace, tls: SSLContext
) -> None:
    with serving(file(BODY, HASHED), tls=tls) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
    assert receipt_of(job).attested_by == "tls"


@pytest.mark.usefixtures("loopback_is_the_bucket")
def test_the_hash_of_a_mirror_vouches_for_nothing(workspace: Workspace, tls: SSLContext) -> None:
    """Anyone may rent a bucket on the host of the zoo's."""
    with serving(file(BODY, HASHED), tls=tls) as server:
        dead = "https://zoo.example/20200711/net.tar.gz"
        job = network_job(workspace, dead, mirrors=(server.url(""),), mirrors_first=True)
        step.run(job, Silent())
    assert receipt_of(job).attested_by == "tls"


def test_the_hash_of_a_host_that_the_bucket_redirects_to_vouches_for_nothing(
    workspace: Workspace, tls: SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "STORAGE_HOSTS", frozenset({"localhost"}))
    with serving(file(BODY, HASHED), tls=tls) as target, serving(tls=tls) as server:
        server.script = (redirect(302, target.url()),)
        job = network_job(workspace, server.url().replace("127.0.0.1", "localhost"))
        step.run(job, Silent())
    assert receipt_of(job).attested_by == "tls"


def test_what_another_workspace_fetched_over_plain_http_is_not_taken_without_a_digest(
    workspace: Workspace, tls: SSLContext
) -> None:
    with serving(file(BODY)) as plain, serving(file(BODY), tls=tls) as secure:
        both = (plain.url(), secure.url())
        step.run(network_job(workspace, *both), Silent())
        other = msgspec.structs.replace(workspace, root=workspace.root.with_name("other"))
        other.root.mkdir()
        job = network_job(other, *both, locked=None)
        assert step.run(job, Silent()).note == "from 127.0.0.1"
        assert len(secure.requests) == 1
    assert receipt_of(job).attested_by == "tls"
