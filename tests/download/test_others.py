"""A cache that several users share: what another one left there is no evidence, and no traceback.

The other user is the nobody of this system: files are given to it, or a process runs as it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tasks.core.errors import DiskError
from tasks.core.paths import Cache, Workspace
from tasks.download import cached, step
from tasks.inference.isolation import drop_capabilities
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
    record = archive_cache.note(job, path, ArchiveRecord(source=url, attested_by="server"))
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


def planted(workspace: Workspace, url: str, size: int, *, recorded: bool) -> Path:
    """Another user's archive that holds nothing, in the cache."""
    path = left(workspace, url, BODY)
    os.truncate(path, size)
    os.chown(path, NOBODY, NOBODY)
    record = network_job(workspace, url).cache.record(path)
    os.chown(record, NOBODY, NOBODY) if recorded else record.unlink()
    return path


@pytest.mark.parametrize(
    ("recorded", "known"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_a_file_without_end_of_another_user_is_not_read(
    recorded: bool, known: bool, workspace: Workspace
) -> None:
    with serving(file(BODY)) as server:
        path = planted(workspace, server.url(), 10 << 40, recorded=recorded)
        job = network_job(workspace, server.url())
        if not known:  # in size; the catalogue's digest is
            job.workspace.lock_file.unlink()
            job = network_job(workspace, server.url(), locked=None, sha256=SHA256)
            archive = msgspec.structs.replace(job.network.archive, confidence="confirmed")
            network = msgspec.structs.replace(job.network, archive=archive)
            job = msgspec.structs.replace(job, network=network)
        [line] = step.run(job, Silent()).lines
    assert line.endswith(
        f"{path} is another user's, and not of the size on record; it is left alone"
    )
    assert path.read_bytes() == BODY


def test_an_archive_of_ones_own_without_end_is_not_read(workspace: Workspace) -> None:
    path = workspace.root / "exports" / "net.tar.gz"
    path.parent.mkdir()
    path.touch()
    os.truncate(path, 10 << 40)
    with pytest.raises(DiskError, match=r"net: more than 8\.0 GB \(.*exports/net\.tar\.gz\)"):
        step.run(network_job(workspace, "exports/net.tar.gz"), Silent())


def test_a_file_without_end_among_the_archives_is_not_read_for_its_digest(
    workspace: Workspace, cache: Cache
) -> None:
    job = network_job(workspace, "http://127.0.0.1:9/net.tar.gz")
    path = left(workspace, "http://127.0.0.1:9/other.tar.gz", BODY)
    os.truncate(path, 10 << 40)
    assert cached.of_digest(job, SHA256) is None
    for each in (path, cache.record(path)):
        os.chown(each, NOBODY, NOBODY)
    assert cached.of_digest(job, SHA256) is None


def test_a_folder_in_the_place_of_a_record_is_told_before_anything_is_fetched(
    workspace: Workspace, cache: Cache
) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        record = cache.record(archive_cache.cached(job))
        record.mkdir(parents=True)
        with pytest.raises(DiskError) as told:
            step.run(job, Silent())
        assert server.requests == []
    assert str(told.value).startswith(f"net: {record} is a folder; remove it")


# As another user


def as_nobody(workspace: Workspace, url: str) -> str:
    """What the step says, in a process that may read and write what anybody may."""
    job = network_job(workspace, url)
    for path in (workspace.root, *workspace.root.rglob("*")):
        os.chown(path, NOBODY, NOBODY)

    def obey() -> str:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        outcome = step.run(job, Silent())
        return "; ".join((outcome.note, *outcome.lines))

    return in_a_fork(obey)


def in_a_fork(work: Callable[[], str]) -> str:
    """What `work` says, or how it fails, in a process of its own."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            said = work()
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
        step.run(network_job(Workspace(root), server.url(), locked=OTHER), Silent())


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


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")
def test_root_that_lacks_the_right_is_told_too(shared: Cache, workspace: Workspace) -> None:
    """As in a container, whose root may not change what belongs to users of the machine."""
    with serving(file(BODY)) as server:
        archive = left(workspace, server.url(), BODY)
        for path in (archive.parent, archive):
            os.chown(path, NOBODY, NOBODY)
        archive.parent.chmod(0o1777)
        os.truncate(archive, 5)
        job = network_job(workspace, server.url())

        def note() -> str:
            drop_capabilities()
            return step.run(job, Silent()).note

        said = in_a_fork(note)
        assert server.requests == []
        assert said.startswith(f"DiskError net: {archive} is another user's and can't be replaced")
        assert step.run(job, Silent()).note.startswith("from")


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
