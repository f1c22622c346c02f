"""A workspace with an archive in its cache and in its lock, and a server of it in this process."""

from __future__ import annotations

import hashlib
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tasks.config import lock
from tasks.config.types import Config, LockEntry, Network, Settings
from tasks.core.paths import Workspace
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob
from tasks.serve.server import Server, address_of
from tasks.serve.shelf import Shelf
from tests.support.downloads import BODY

PATH = "/20200711/net.tar.gz"
ADDRESS = f"https://zoo.example/models{PATH}"


@dataclass
class Mirror:
    """A server that runs.

    Attributes:
        told: the lines that it told.
    """

    server: Server
    job: NetworkJob
    told: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return address_of(self.server.socket)

    def ask(
        self, path: str = PATH, method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an answer; `_` in a header's name stands for `-`."""
        host, port = self.server.socket.getsockname()[:2]
        connection = http.client.HTTPConnection(host, port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), body


def teacher(workspace: Workspace, body: bytes = BODY) -> NetworkJob:
    """A workspace that has an archive."""
    network = Network(name="net", sources=(ADDRESS,))
    config = Config(networks={"net": network}, projects={}, settings=Settings())
    job = NetworkJob(config=config, workspace=workspace, network=network)
    put(job, body)
    record(workspace, body)
    return job


def record(workspace: Workspace, body: bytes) -> None:
    """Put an archive's digest into a workspace's lock."""
    entry = LockEntry(
        sha256=hashlib.sha256(body).hexdigest(), size=len(body), source="x", attested_by="tls"
    )
    lock.record(workspace.lock_file, "net", entry)


def put(job: NetworkJob, body: bytes) -> Path:
    """Leave an archive in the cache."""
    path = archive_cache.cached(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    archive_cache.note(job, path, archive_cache.ArchiveRecord(source=ADDRESS, attested_by="tls"))
    return path


@contextmanager
def mirror(job: NetworkJob, port: int = 0) -> Iterator[Mirror]:
    """A server of the job's workspace on loopback."""
    told: list[str] = []
    shelf = Shelf(job.config, job.workspace)
    with Server(("127.0.0.1", port), 2, shelf, told.append) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield Mirror(server, job, told)
        finally:
            server.shutdown()
            thread.join()
