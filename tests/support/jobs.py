"""A network job whose download is already done: for tests of what comes after it."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec

from tasks.config.types import Config, Network, Settings
from tasks.core.files import sha256_of
from tasks.core.paths import Workspace
from tasks.core.receipts import write
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob
from tasks.pipeline.reading import discard
from tasks.pipeline.receipts import DownloadReceipt
from tests.support.archives import NETWORK

SOURCE = "https://example.org/small.tar.gz"


def network_job(
    workspace: Workspace, settings: Settings | None = None, **fields: object
) -> NetworkJob:
    """A job for a network with these fields of `Network`."""
    network = msgspec.convert({"name": NETWORK, "sources": (SOURCE,), **fields}, Network)
    config = Config(networks={NETWORK: network}, projects={}, settings=settings or Settings())
    return NetworkJob(config, workspace, network=network)


def with_settings(job: NetworkJob, **settings: object) -> NetworkJob:
    """The same job under other settings."""
    changed = msgspec.structs.replace(job.config.settings, **settings)
    config = msgspec.structs.replace(job.config, settings=changed)
    return msgspec.structs.replace(job, config=config)


def with_network(job: NetworkJob, **fields: object) -> NetworkJob:
    """The same job with another catalogue entry."""
    converted = {**msgspec.to_builtins(job.network), **fields}
    return msgspec.structs.replace(job, network=msgspec.convert(converted, Network))


def downloaded(
    job: NetworkJob, archive: Path, *, attested_by: str = "tls", source: str = SOURCE
) -> Path:
    """Put a copy of `archive` into the cache, as a download leaves it; give its path there."""
    path = archive_cache.cached(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(archive, path)
    archive_cache.note(
        job, path, archive_cache.ArchiveRecord(source=source, attested_by=attested_by)
    )
    _write_receipt(job, path, source, attested_by)
    return path


def unstaged(job: NetworkJob) -> NetworkJob:
    """Remove what verify staged: extract reads the archive where it lies."""
    discard(job)
    with suppress(FileNotFoundError):
        job.workspace.pre_trained.rmdir()
    return job


def local(job: NetworkJob, archive: Path) -> Path:
    """Have `archive` read in place: it is the user's file."""
    _write_receipt(job, archive, str(archive), "file", local=str(archive))
    return archive


def deferred(job: NetworkJob, reason: str = "no such host") -> None:
    """Have the download deferred."""
    receipt = DownloadReceipt(status="deferred", definition="d", reason=reason)
    write(job.workspace.receipt("download", job.name), receipt)


def _write_receipt(
    job: NetworkJob, path: Path, source: str, attested_by: str, *, local: str = ""
) -> None:
    receipt = DownloadReceipt(
        definition="d",
        archive=local,
        source=source,
        sha256=sha256_of(path),
        size=path.stat().st_size,
        attested_by=attested_by,
    )
    write(job.workspace.receipt("download", job.name), receipt)


def forget(lock_file: Path, name: str) -> None:
    """Take an entry out of the lock, as a user would with an editor."""
    entries = json.loads(lock_file.read_text())
    del entries[name]
    lock_file.write_text(json.dumps(entries))
