"""What the tests of the download step share."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.config import lock
from tasks.config.types import Config, Digests, LockEntry, Network, Settings
from tasks.core.paths import Cache, Workspace
from tasks.core.receipts import read, write
from tasks.download import partial
from tasks.download.transfer import Tools
from tasks.pipeline.job import NetworkJob
from tasks.pipeline.receipts import DownloadReceipt, ExtractReceipt, FileRecord
from tasks.web.answer import SideCar

# Random bytes don't compress, so the archive is a little longer than its content.
BODY = gzip.compress(random.Random(5).randbytes(300_000), mtime=0)
OTHER = gzip.compress(random.Random(6).randbytes(300_000), mtime=0)
SHA256 = hashlib.sha256(BODY).hexdigest()


@dataclass
class Waits:
    """A `sleep` that only remembers for how long it was asked."""

    asked: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)

    @property
    def tools(self) -> Tools:
        return Tools(sleep=self, clock=lambda: 1_700_000_000.0, jitter=lambda: 1.0)


def network(*sources: str, name: str = "net", sha256: str | None = None) -> Network:
    return Network(name=name, sources=sources, archive=Digests(sha256=sha256))


def network_job(
    workspace: Workspace,
    *sources: str,
    may_defer: bool = True,
    name: str = "net",
    sha256: str | None = None,
    locked: bytes | None = BODY,
    **settings: Any,
) -> NetworkJob:
    """A job for a network with these sources, and time-outs that suit a test.

    Plain http is asked only where a digest settles what must come: the lock gets that of
    `locked`.
    """
    quick = {"connect_timeout": 2.0, "read_timeout": 5.0, "retries": 2, "probe_timeout": 1.0}
    wanted = network(*sources, name=name, sha256=sha256)
    config = Config(
        networks={name: wanted}, projects={}, settings=Settings(**{**quick, **settings})
    )
    if locked and any(source.startswith("http://") for source in sources):
        digest = hashlib.sha256(locked).hexdigest()
        entry = LockEntry(sha256=digest, size=len(locked), source="adopted", attested_by="user")
        lock.record(workspace.lock_file, name, entry)
    return NetworkJob(config=config, workspace=workspace, may_defer=may_defer, network=wanted)


def partials(cache: Path) -> list[Path]:
    """The partial files in a cache, without their side-cars."""
    return sorted((cache / "partial").glob("*.part"))


def receipt_of(job: NetworkJob) -> DownloadReceipt:
    receipt = read(job.workspace.receipt("download", job.name), DownloadReceipt)
    assert receipt is not None
    return receipt


def local_archive(workspace: Workspace, body: bytes = BODY) -> Path:
    path = workspace.root / "exports" / "net.tar.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(body)
    return path


def install(job: NetworkJob, archive_sha256: str) -> Path:
    """Leave a network that lies extracted, as far as receipts tell."""
    path = job.workspace.network(job.name) / "pipeline.config"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"model {}")
    os.utime(path, (1, 1))
    files = {"pipeline.config": FileRecord(8, "0" * 64, 1)}
    write(
        job.workspace.receipt("extract", job.name),
        ExtractReceipt(definition="", archive_sha256=archive_sha256, files=files),
    )
    return path


def leave_partial(
    cache: Cache, url: str, body: bytes, *, total: int | None, etag: str = '"one"'
) -> Path:
    """A partial file as a dead process leaves it."""
    partial_file = partial.PartialFile(cache.partial("net", partial.address_key(url)), url)
    partial_file.restart(SideCar(url=url, etag=etag, total=total), ())
    partial_file.write(body)
    partial_file.close()
    return partial_file.path
