"""Who is sent a password: the host that it was meant for, and nobody else."""

from __future__ import annotations

import base64
from pathlib import Path
from ssl import SSLContext

import pytest

from tasks.config.types import Settings
from tasks.core.paths import Workspace
from tasks.download import step
from tasks.pipeline.job import Silent
from tasks.web.request import authorization
from tests.support.downloads import BODY, network_job
from tests.support.servers import ScriptedServer, file, redirect, serving

HOST = "https://host.example/x"
NAMED = Settings(netrc_hosts=("Host.example",))


def basic(user: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}


@pytest.fixture(autouse=True)
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(
        "machine host.example login me password netrc-secret\n"
        "machine 127.0.0.1 login me password netrc-secret\n"
    )
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.mark.parametrize(
    ("address", "configured", "settings", "sent"),
    [
        (HOST, HOST, Settings(), {}),
        (HOST, HOST, NAMED, basic("me:netrc-secret")),
        (HOST, "https://u:p%2Fw@host.example/x", NAMED, basic("u:p/w")),
        ("https://host.example/y", "https://u:pä@host.example/x", NAMED, basic("u:pä")),
        ("https://token@host.example/y", HOST, Settings(), basic("token:")),
        ("http://host.example/x", "http://host.example/x", NAMED, {}),
        ("https://host.example:8443/x", HOST, NAMED, {}),
        ("https://host.example/x", "https://other.example/x", NAMED, {}),
        ("https://host.example:8443/x", "https://u:p@host.example/x", NAMED, {}),
        ("https://host.example/x", "http://u:p@host.example/x", Settings(), {}),
        ("https://other.example/x", "https://u:p@host.example/x", NAMED, {}),
    ],
)
def test_what_is_sent(
    address: str, configured: str, settings: Settings, sent: dict[str, str]
) -> None:
    assert authorization(address, configured, settings) == sent


def sent_to(server: ScriptedServer) -> list[str | None]:
    return server.asked("Authorization")


def with_user(address: str) -> str:
    return address.replace("//", "//user:own-secret@")


def test_the_addresss_own_password_goes_before_netrc(workspace: Workspace, tls: SSLContext) -> None:
    with serving(file(BODY), tls=tls) as server:
        job = network_job(workspace, with_user(server.url()), netrc_hosts=("127.0.0.1",))
        step.run(job, Silent())
        assert sent_to(server) == [basic("user:own-secret")["Authorization"]]


@pytest.mark.parametrize("named", [False, True])
def test_netrc_is_used_only_where_the_settings_name_the_host(
    named: bool, workspace: Workspace, tls: SSLContext
) -> None:
    with serving(file(BODY), tls=tls) as server:
        hosts = ("127.0.0.1",) if named else ()
        step.run(network_job(workspace, server.url(), netrc_hosts=hosts), Silent())
        expected = basic("me:netrc-secret")["Authorization"] if named else None
        assert sent_to(server) == [expected]


def test_no_password_follows_a_redirect_to_another_port(
    workspace: Workspace, tls: SSLContext
) -> None:
    with (
        serving(file(BODY), tls=tls) as target,
        serving(redirect(302, target.url()), tls=tls) as server,
    ):
        job = network_job(workspace, with_user(server.url()), netrc_hosts=("127.0.0.1",))
        step.run(job, Silent())
        assert sent_to(target) == [None]
        assert sent_to(server) == [basic("user:own-secret")["Authorization"]]
