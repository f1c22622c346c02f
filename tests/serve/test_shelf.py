"""Which archives a workspace serves, and by what path."""

from __future__ import annotations

import hashlib

import msgspec

from tasks.config import lock
from tasks.config.types import LockEntry, Settings
from tasks.core.paths import Workspace
from tasks.pipeline.job import NetworkJob, Silent
from tasks.serve.shelf import Shelf
from tasks.web.sources import ordered
from tests.support.downloads import BODY, OTHER
from tests.support.jobs import forget
from tests.support.served import PATH, mirror, put, teacher


def another(job: NetworkJob, name: str, source: str, body: bytes = OTHER) -> NetworkJob:
    """The job of one more network in the job's workspace, which the lock knows."""
    network = msgspec.structs.replace(job.network, name=name, sources=(source,))
    networks = {name: network, **job.config.networks}
    config = msgspec.structs.replace(job.config, networks=networks)
    entry = LockEntry(sha256=hashlib.sha256(body).hexdigest(), size=len(body), source=source)
    lock.record(job.workspace.lock_file, name, entry)
    return msgspec.structs.replace(job, config=config, network=network)


def test_what_is_not_served_is_told_at_the_start(workspace: Workspace) -> None:
    job = another(teacher(workspace), "mine", "exports/mine.tar.gz")
    job = another(job, "zzz", f"https://elsewhere.example{PATH}")
    found, lines = Shelf(job.config, job.workspace).look(Silent())
    assert [one.path for one in found] == []
    assert lines == [
        "mine is not served: its sources are no addresses, and a mirror is asked by an address;"
        " `doit bundle FILE mine` carries it",
        f"net is not served: a mirror is asked for it as for zzz, {PATH};"
        " `doit bundle FILE net` carries it",
    ]


def test_of_two_networks_with_one_path_the_one_that_the_lock_names_is_served(
    workspace: Workspace,
) -> None:
    job = teacher(workspace)
    other = another(job, "aaa", f"https://elsewhere.example{PATH}")
    forget(workspace.lock_file, "aaa")
    with mirror(msgspec.structs.replace(job, config=other.config)) as one:
        assert one.ask()[2] == BODY
        assert one.server.shelf.look(Silent())[1] == []


def test_an_archive_at_the_root_of_its_host_is_served(
    workspace: Workspace,
) -> None:
    job = another(teacher(workspace), "mine", "https://root.example/mine.tar.gz")
    put(job, OTHER)
    with mirror(job) as one:
        asked = ordered(job.network, Settings(mirrors=(one.address,)))[1].text
        assert asked == f"{one.address}/mine.tar.gz"
        assert one.ask("/mine.tar.gz")[2] == OTHER
