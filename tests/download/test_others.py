"""A cache that several users share: what another one left there is no evidence, and no traceback.

The other user is the nobody of this system: files are given to it, or a process runs as it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tasks.core.paths import Cache, Workspace
from tasks.download import cached, step
from tasks.pipeline import archive_cache
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import Silent
from tests.support.downloads import BODY, OTHER, SHA256, network_job, receipt_of
from tests.support.servers import file, serving

NOBODY = 65534
ADDRESS = "https://127.0.0.1:9/net.tar.gz"
pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to be another user"
)


def left(workspace: Workspace, url: str, body: bytes, **claims: object) -> Path:
    """An archive in the cache with its record, in which these claims stand."""
    job = network_job(workspace, url)
    path = archive_cache.cached(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    record = archive_cache.note(job, path, ArchiveRecord(source=url, witness="server"))
    archive_cache.write_record(job.cache.record(path), msgspec.structs.replace(record, **claims))
    return path


def test_bytes_are_hashed_whatever_the_record_says(workspace: Workspace, cache: Cache) -> None:
    """Size and mtime as recorded, and the right digest claimed: other bytes all the same."""
    with serving(file(BODY)) as server:
        path = left(workspace, server.url(), OTHER, sha256=SHA256)
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        assert len(server.requests) == 1
    assert path.read_bytes() == BODY
    assert (cache.root / "damaged" / path.name).read_bytes() == OTHER
    assert receipt_of(job).sha256 == SHA256


def test_a_copy_that_was_swapped_after_it_was_read_is_noticed(workspace: Workspace) -> None:
    """With its record, size and mtime forged to be right: this workspace has notes of its own."""
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        left(workspace, server.url(), OTHER)
        assert step.why_stale(job) == "the archive changed in the cache"


def test_what_another_user_claims_to_be_vouched_for_is_not(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        path = left(workspace, server.url(), BODY)
        job = network_job(workspace, server.url(), sha256=SHA256)
        for each in (path, job.cache.record(path)):
            os.chown(each, NOBODY, NOBODY)
        step.run(job, Silent())
        assert server.requests == []
        assert receipt_of(job).source == "another user's copy in the cache"


def test_a_copy_of_another_user_that_nothing_settles_is_left_alone(workspace: Workspace) -> None:
    path = left(workspace, ADDRESS, BODY)
    job = network_job(workspace, ADDRESS, locked=None)
    assert cached.usable(job) is not None
    for each in (path, job.cache.record(path)):
        os.chown(each, NOBODY, NOBODY)
        assert cached.usable(job) is None
        [line] = cached.why_skipped(job)
        assert line.startswith(f"net: {path} is another user's, and nothing on record vouches")
        os.chown(each, 0, 0)


def test_a_damaged_copy_of_another_user_is_not_moved(workspace: Workspace, cache: Cache) -> None:
    with serving(file(BODY)) as server:
        path = left(workspace, server.url(), OTHER, sha256=SHA256)
        os.chown(path, NOBODY, NOBODY)
        step.run(network_job(workspace, server.url()), Silent())
    assert path.read_bytes() == BODY
    assert not (cache.root / "damaged").exists()


# As another user


def as_nobody(workspace: Workspace, url: str) -> str:
    """What the step says, in a process that may read and write what anybody may."""
    job = network_job(workspace, url)
    for path in (workspace.root, *workspace.root.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            outcome = step.run(job, Silent())
            said = "; ".join((outcome.note, *outcome.lines))
        except BaseException as error:
            said = f"{type(error).__name__} {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(process, 0)
    with open(reader) as pipe:
        return pipe.read()


def import_late(root: Path) -> None:
    """Have this process import what downloading needs: another user may not read it."""
    root.mkdir()
    with serving(file(OTHER)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOD_CACHE", str(root / "cache"))
        step.run(network_job(Workspace(root), server.url()), Silent())


@pytest.fixture
def shared(cache: Cache, tmp_path: Path) -> Cache:
    """A cache that everybody may write to."""
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o711)
    import_late(tmp_path / "elsewhere")
    for folder in (cache.root, *(cache.root / name for name in ("archives", "partial", "locks"))):
        folder.mkdir()
        folder.chmod(0o777)
    return cache


def hidden(path: Path) -> None:
    path.chmod(0o600)


def in_a_hidden_folder(path: Path) -> None:
    path.parent.chmod(0o700)


@pytest.mark.parametrize(
    ("what", "hide", "told"),
    [
        ("archive", hidden, "from 127.0.0.1"),
        ("record", hidden, "from 127.0.0.1"),
        ("lock", hidden, "found in the cache"),
        ("archive", in_a_hidden_folder, "DiskError net: permission denied"),
        ("lock", in_a_hidden_folder, "found in the cache"),
    ],
)
def test_what_another_user_may_not_read_is_left_alone(
    what: str, hide: Callable[[Path], None], told: str, shared: Cache, workspace: Workspace
) -> None:
    with serving(file(BODY)) as server:
        archive = left(workspace, server.url(), BODY)
        lock = shared.root / "locks" / f"{archive.name}.lock"
        lock.touch()
        hide({"archive": archive, "record": shared.record(archive), "lock": lock}[what])
        said = as_nobody(workspace, server.url())
    assert said.startswith(told)
    assert ("can't be read; it is left alone" in said) == said.startswith("from")


def test_in_a_folder_where_nothing_of_others_can_be_replaced_nothing_is_fetched_in_vain(
    shared: Cache, workspace: Workspace
) -> None:
    with serving(file(BODY)) as server:
        archive = left(workspace, server.url(), BODY)
        archive.parent.chmod(0o1777)
        hidden(archive)
        said = as_nobody(workspace, server.url())
        assert server.requests == []
    assert said.startswith(f"DiskError net: {archive} is another user's and can't be replaced")
    assert said.endswith("set TOD_CACHE to a folder of your own")
