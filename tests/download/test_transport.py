"""TLS, redirects, proxies."""

from __future__ import annotations

import pytest

from tasks.core.errors import DownloadError
from tasks.core.paths import Workspace
from tasks.download import step
from tasks.pipeline.job import Silent
from tests.support.downloads import BODY, network_job, receipt_of
from tests.support.servers import Authority, answer, file, redirect, serving, tunnel


def test_an_unknown_certificate_defers_and_names_the_variable(
    workspace: Workspace, certified: Authority
) -> None:
    with serving(file(BODY), tls=certified.context) as server:
        outcome = step.run(network_job(workspace, server.url()), Silent())
        assert server.requests == []
    assert outcome.kind == "deferred"
    assert "TLS failed (unable to get local issuer certificate)" in outcome.note
    assert "REQUESTS_CA_BUNDLE" in outcome.lines[0]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_certificate_that_the_user_names_is_trusted(
    variable: str, workspace: Workspace, certified: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(certified.bundle))
    with serving(file(BODY), tls=certified.context) as server:
        job = network_job(workspace, server.url())
        assert step.run(job, Silent()).note == "from 127.0.0.1"
    assert receipt_of(job).attested_by == "tls"


def test_a_bundle_that_is_not_there_is_told(
    workspace: Workspace, certified: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with serving(file(BODY), tls=certified.context) as server:
        job = network_job(workspace, server.url())
        with pytest.raises(DownloadError, match=r"nowhere.*REQUESTS_CA_BUNDLE"):
            step.run(job, Silent())


def test_a_handshake_with_what_speaks_no_tls_is_out_of_reach(workspace: Workspace) -> None:
    with serving(answer(400), greeting=b"220 ftp ready\r\n") as server:
        job = network_job(workspace, server.url().replace("http:", "https:"))
        note = step.run(job, Silent()).note
    assert "TLS failed" in note or "connection reset" in note


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_https_on_another_host_is_followed(
    status: int, workspace: Workspace, certified: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certified.bundle))
    with serving(file(BODY), tls=certified.context) as target:
        elsewhere = target.url().replace("127.0.0.1", "localhost")
        with serving(redirect(status, elsewhere)) as server:
            job = network_job(workspace, server.url())
            step.run(job, Silent())
    # The first hop was plain http: anyone could have answered it.
    assert receipt_of(job).attested_by == "none"


def test_a_redirect_from_https_to_http_is_refused(
    workspace: Workspace, certified: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certified.bundle))
    with (
        serving(file(BODY)) as plain,
        serving(redirect(302, plain.url()), tls=certified.context) as server,
        pytest.raises(DownloadError, match="from https to plain http"),
    ):
        step.run(network_job(workspace, server.url()), Silent())
    assert plain.requests == []


def test_the_body_of_a_redirect_is_not_read(workspace: Workspace) -> None:
    with serving(file(BODY)) as target:
        long = answer(302, b"x" * 100, {"Location": target.url()}, length=10**12)
        with serving(long) as server:
            assert step.run(network_job(workspace, server.url()), Silent()).kind == "built"


@pytest.mark.parametrize("secure", [False, True])
def test_the_proxy_of_the_surroundings_is_used(
    secure: bool, workspace: Workspace, certified: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certified.bundle))
    context = certified.context if secure else None
    with serving(file(BODY), tls=context) as server, serving(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY" if secure else "HTTP_PROXY", proxy.url(""))
        assert step.run(network_job(workspace, server.url()), Silent()).kind == "built"
        assert proxy.requests


def test_a_proxy_that_refuses_only_the_real_attempt_defers(
    workspace: Workspace, certified: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = serving(file(BODY), tls=certified.context)
    with host as server, serving(tunnel, answer(403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url(""))
        outcome = step.run(network_job(workspace, server.url()), Silent())
    assert outcome.kind == "deferred"
    assert "the proxy refuses" in outcome.note


def test_a_socks_proxy_without_its_library_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    outcome = step.run(network_job(workspace, "http://host.example/net.tar.gz"), Silent())
    assert outcome.kind == "deferred"
    assert "PySocks" in outcome.note
