"""A real server of the distribution's: nginx on loopback, where it is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.core.errors import DownloadError
from tasks.core.paths import Workspace
from tasks.download import step
from tasks.pipeline import archive_cache
from tasks.pipeline.job import Silent
from tests.support.downloads import BODY, OTHER, SHA256, Waits, network_job, receipt_of
from tests.support.servers import free_port

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
error_log {root}/error.log;
pid {root}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    log_format asked '$status "$http_range" "$http_if_range" $body_bytes_sent';
    access_log {root}/access.log asked;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    gzip on;
    gzip_types *;
    server {{
        listen 127.0.0.1:{port};
        root {root}/www;
        location /plain/ {{ etag off; add_header Last-Modified ""; alias {root}/www/; }}
        location /moved/ {{ return 302 /net.tar.gz; }}
        location /busy/ {{ return 503; }}
        location /private/ {{ deny all; }}
    }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running server."""

    root: Path
    port: int

    def url(self, path: str = "net.tar.gz") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def put(self, body: bytes) -> None:
        """Replace the archive as an editor does: its Last-Modified and its ETag change."""
        archive = self.root / "www/net.tar.gz"
        archive.write_bytes(body)
        os.utime(archive, (len(body), hash(body) % 10**9))

    def log(self, lines: int) -> list[str]:
        """The last requests, once there are so many; nginx writes them when they are over."""
        for _ in range(200):
            found = (self.root / "access.log").read_text().splitlines()
            if len(found) >= lines:
                break
            time.sleep(0.01)
        return found[-lines:]


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    if NGINX is None:
        pytest.skip("nginx is not installed")
    port, root = free_port(), tmp_path / "nginx"
    (root / "www").mkdir(parents=True)
    user = "user root;" if os.geteuid() == 0 else ""
    (root / "nginx.conf").write_text(CONFIGURATION.format(root=root, port=port, user=user))
    command = [
        NGINX,
        "-p",
        str(root),
        "-c",
        str(root / "nginx.conf"),
        "-e",
        str(root / "error.log"),
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            await_port(port)
            server = Nginx(root, port)
            server.put(BODY)
            yield server
        finally:
            process.terminate()


def await_port(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise AssertionError("nginx did not start")


class Interrupted(Silent):
    """Ctrl-C comes once some bytes are there."""

    def advance(self, amount: int) -> None:
        raise KeyboardInterrupt


def test_an_archive_arrives_as_it_is_stored(nginx: Nginx, workspace: Workspace) -> None:
    """Its gzip is on for all types: an archive must not be compressed once more."""
    job = network_job(workspace, nginx.url())
    assert step.run(job, Silent()).note == "from 127.0.0.1"
    assert receipt_of(job).sha256 == SHA256


def test_an_interrupted_download_is_resumed(nginx: Nginx, workspace: Workspace) -> None:
    job = network_job(workspace, nginx.url())
    with pytest.raises(KeyboardInterrupt):
        step.run(job, Interrupted())
    [left] = (job.cache.root / "partial").glob("*.part")
    had = left.stat().st_size
    assert 0 < had < len(BODY)
    step.run(job, Silent())
    [line] = [line for line in nginx.log(2) if line.startswith("206")]
    assert line.startswith(f'206 "bytes={had}-" ')
    assert line.endswith(f" {len(BODY) - had}")
    assert archive_cache.cached(job).read_bytes() == BODY


def test_an_object_that_was_replaced_comes_anew(nginx: Nginx, workspace: Workspace) -> None:
    job = network_job(workspace, nginx.url())
    with pytest.raises(KeyboardInterrupt):
        step.run(job, Interrupted())
    nginx.put(OTHER)
    step.run(job, Silent())
    assert [line[:11] for line in nginx.log(2)][-1] == '200 "bytes='
    assert archive_cache.cached(job).read_bytes() == OTHER


def test_a_complete_partial_is_not_fetched_again(nginx: Nginx, workspace: Workspace) -> None:
    job = network_job(workspace, nginx.url())
    with pytest.raises(KeyboardInterrupt):
        step.run(job, Interrupted())
    [left] = (job.cache.root / "partial").glob("*.part")
    left.write_bytes(BODY)
    step.run(job, Silent())
    assert nginx.log(2)[-1].startswith(f'416 "bytes={len(BODY)}-"')
    assert archive_cache.cached(job).read_bytes() == BODY


def test_a_redirect_is_followed(nginx: Nginx, workspace: Workspace) -> None:
    job = network_job(workspace, nginx.url("moved/net.tar.gz"))
    step.run(job, Silent())
    assert receipt_of(job).sha256 == SHA256


@pytest.mark.parametrize(
    ("path", "why"), [("absent/net.tar.gz", "404"), ("private/net.tar.gz", "403")]
)
def test_a_refusal_is_final(path: str, why: str, nginx: Nginx, workspace: Workspace) -> None:
    with pytest.raises(DownloadError, match=why):
        step.run(network_job(workspace, nginx.url(path)), Silent())


def test_a_busy_server_is_asked_again_and_then_deferred(nginx: Nginx, workspace: Workspace) -> None:
    waits = Waits()
    outcome = step.run(network_job(workspace, nginx.url("busy/net")), Silent(), waits.tools)
    assert outcome.kind == "deferred"
    assert len(waits.asked) == 2
