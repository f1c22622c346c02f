"""One network's part of the work, from what a workspace knows of the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Raw

from tasks.cluster import mirrors
from tasks.cluster.orders import Kind, WantedNetwork, Work
from tasks.config.types import Config, Network
from tasks.core.paths import Workspace
from tasks.inference.channel import NOTHING
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob
from tasks.pipeline.receipts import ExtractReceipt


def work_on(
    network: Network,
    extracted: ExtractReceipt,
    config: Config,
    workspace: Workspace,
    kind: Kind,
    pictures: Mapping[str, Path],
    body: Raw = NOTHING,
) -> Work:
    """Have this network, as it was extracted here, run on pictures (sha256 → file)."""
    job = NetworkJob(config, workspace, network=network)
    archive = archive_cache.archive_of(job)
    settings = config.settings
    return Work(
        kind=kind,
        network=WantedNetwork(
            name=network.name,
            archive_sha256=extracted.archive_sha256,
            archive_size=archive.stat().st_size if archive is not None else 0,
            tree=extracted.tree,
            max_members=settings.max_members,
            max_unpacked=settings.max_unpacked,
            caches=tuple(str(cache.root) for cache in archive_cache.shared_caches(job)),
            mirrors=tuple(mirrors.addresses(network, settings)),
        ),
        signature=network.signature,
        archive=archive,
        pictures=dict(pictures),
        limit=settings.smoke_timeout,
        body=body,
    )
