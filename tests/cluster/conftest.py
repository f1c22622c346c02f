"""A scheduler for the tests of this folder, and a project whose networks have archives."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tasks.archives.reading import Wanted, read_file, tree_digest
from tasks.archives.tar import Limits
from tasks.cluster import VARIABLE
from tasks.cluster.orders import WantedNetwork
from tasks.config.types import Settings
from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob, ProjectJob
from tests.support.annotated import fill
from tests.support.archives import zoo_archive, zoo_files
from tests.support.clusters import Cluster
from tests.support.projects import install, project_job

NETWORKS = ("first", "second")
PICTURES = 24


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A scheduler without workers; its address is where Dask looks for one."""
    made = Cluster(tmp_path / "cluster")
    monkeypatch.setenv(VARIABLE, made.address)
    yield made
    made.close()
    with warnings.catch_warnings():  # sockets of Dask's, whose other end is gone
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture
def job(workspace: Workspace) -> ProjectJob:
    """A project with two networks and some pictures; nobody waits long."""
    for number in range(PICTURES):
        fill(workspace.images("cube_faces", "test"), [f"p{number:02}"], shade=number)
    made = project_job(workspace, *NETWORKS)
    settings = Settings(connect_timeout=3, read_timeout=1.5)
    made = msgspec.structs.replace(
        made, config=msgspec.structs.replace(made.config, settings=settings)
    )
    for name in NETWORKS:
        install_with_archive(made, name)
    return made


def install_with_archive(job: ProjectJob, name: str) -> WantedNetwork:
    """Have a network extracted, and its archive in the cache."""
    entry = job.config.networks[name]
    archive = archive_cache.cached(NetworkJob(job.config, job.workspace, network=entry))
    files = zoo_archive(archive, zoo_files(), top=name)
    wanted = wanted_of(archive, name)
    receipt = msgspec.structs.replace(
        install(job.workspace, name, files), archive_sha256=wanted.archive_sha256, tree=wanted.tree
    )
    receipts.write(job.workspace.receipt("extract", name), receipt)
    return wanted


def wanted_of(archive: Path, name: str) -> WantedNetwork:
    facts = read_file(archive, Wanted(Limits(1000, 1 << 30)))
    members = {path: (one.size, one.sha256) for path, one in facts.members.items()}
    return WantedNetwork(
        name=name,
        archive_sha256=facts.sha256,
        archive_size=facts.size,
        tree=tree_digest(members),
        max_members=1000,
        max_unpacked=1 << 30,
    )
