"""`doit gc`: what of the cache no known workspace needs, and nothing else, goes."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from pathlib import Path

import pytest

from tasks.config import lock
from tasks.config.load import load
from tasks.config.types import Config, LockEntry, Network, Project
from tasks.core.errors import DiskError, UsageError
from tasks.core.paths import Cache, Workspace
from tasks.core.temporary import file_lock, token
from tasks.gc import command, sweep
from tasks.gc.needed import known
from tasks.pipeline import archive_cache, cache_users
from tasks.pipeline.job import WorkspaceJob
from tests.support.checkouts import Checkout, check_out

OLD = time.time() - 40 * sweep.DAY
DIGEST, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def job(workspace: Workspace) -> WorkspaceJob:
    return job_of(workspace)


def job_of(workspace: Workspace) -> WorkspaceJob:
    """A workspace whose project names `net`, and whose lock has `DIGEST`."""
    workspace.config.mkdir(parents=True, exist_ok=True)
    (workspace.config / "zoo.toml").write_text(
        '[networks.net]\nsources = ["https://example.org/net.tar.gz"]\n'
    )
    (workspace.config / "workspace.toml").write_text(
        '[projects.cubes]\nlabels = ["one"]\nnetworks = ["net"]\n'
    )
    workspace.state.mkdir(exist_ok=True)
    lock.record(workspace.lock_file, "other", LockEntry(sha256=DIGEST, size=3))
    net = Network(name="net", sources=("https://example.org/net.tar.gz",))
    project = Project(name="cubes", labels=("one",), networks=("net",))
    config = Config(networks={"net": net}, projects={"cubes": project})
    return WorkspaceJob(config, workspace)


def put(cache: Cache, name: str, sha256: str = OTHER, when: float = OLD) -> Path:
    """An archive in the cache, with its record."""
    path = cache.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"abc")
    archive_cache.write_record(
        cache.record(path), archive_cache.ArchiveRecord(sha256=sha256, size=3)
    )
    os.utime(path, (when, when))
    return path


def gc(job: WorkspaceJob, *words: str, **options: object) -> str:
    return "\n".join(command.run(words, options, job, 80))


STRANGE = "archives/strange-0123456789ab.tar.gz"


def test_by_default_it_only_shows(job: WorkspaceJob, cache: Cache) -> None:
    path = put(cache, STRANGE)
    said = gc(job)
    assert STRANGE in said
    assert "40 d" in said
    assert "`doit gc --remove`" in said
    assert path.exists()
    assert not (cache.root / "workspaces").exists()


def test_what_nobody_needs_goes_with_its_record(job: WorkspaceJob, cache: Cache) -> None:
    path = put(cache, STRANGE)
    assert "1 file removed, 3 B are free again" in gc(job, remove=True)
    assert not path.exists()
    assert not cache.record(path).exists()


def test_what_a_lock_or_a_project_names_stays(job: WorkspaceJob, cache: Cache) -> None:
    by_lock = put(cache, "archives/elsewhere-0123456789ab.tar.gz", DIGEST)
    key = archive_cache.object_key(job.config.networks["net"], job.workspace.root)
    by_project = put(cache, f"archives/net-{key}.tar.gz")
    refused = put(cache, f"refused/net-{key}.tar.gz")
    partial = put(cache, f"partial/net-0123456789ab.{token()}.part")
    gc(job, remove=True)
    assert all(path.exists() for path in (by_lock, by_project, refused, partial))


def test_what_another_workspace_names_stays(
    job: WorkspaceJob, cache: Cache, tmp_path: Path
) -> None:
    other = job_of(Workspace(tmp_path / "other"))
    lock.record(other.workspace.lock_file, "third", LockEntry(sha256=OTHER, size=3))
    path = put(cache, STRANGE, OTHER)
    assert STRANGE in gc(job)
    cache_users.note(other)
    assert STRANGE not in gc(job, remove=True)
    assert path.exists()
    assert not other.workspace.compiled_config.exists()  # it was only looked at


@pytest.mark.parametrize("how", ["gone", "its configuration is broken"])
def test_what_a_workspace_that_can_not_be_looked_at_named_stays_and_is_told(
    job: WorkspaceJob, cache: Cache, tmp_path: Path, how: str
) -> None:
    other = job_of(Workspace(tmp_path / "other"))
    lock.record(other.workspace.lock_file, "third", LockEntry(sha256=OTHER, size=3))
    cache_users.note(other)
    path = put(cache, STRANGE, OTHER)
    if how == "gone":
        shutil.rmtree(other.workspace.root)
    else:
        (other.workspace.config / "workspace.toml").write_text("[")
    said = gc(job, remove=True)
    assert str(other.workspace.root) in said
    assert "1 file, 3 B" in " ".join(said.split())
    assert path.exists()
    assert "1 file removed" in gc(job, remove=True, gone=True)
    assert not path.exists()
    assert not cache_users.note_of(cache, other.workspace).exists()


def test_a_note_that_can_not_be_read_keeps_everything(job: WorkspaceJob, cache: Cache) -> None:
    path = put(cache, STRANGE)
    note = cache.root / "workspaces/0123456789ab.json"
    note.parent.mkdir()
    note.write_text("{")
    assert "nothing is removed" in gc(job)
    with pytest.raises(UsageError, match="can't be read"):
        gc(job, remove=True)
    assert path.exists()


@pytest.mark.parametrize(("days", "goes"), [(None, True), ("39", True), ("41", False)])
def test_only_what_is_old_goes(
    job: WorkspaceJob, cache: Cache, days: str | None, goes: bool
) -> None:
    path = put(cache, STRANGE)
    fresh = put(cache, "archives/fresh-0123456789ab.tar.gz", when=time.time() - sweep.DAY / 2)
    gc(job, remove=True, older_than=days)
    assert path.exists() is not goes
    assert fresh.exists()


@pytest.mark.parametrize("days", ["0", "0.5", "-3", "many", ""])
def test_days_that_are_none_are_one_line(job: WorkspaceJob, cache: Cache, days: str) -> None:
    with pytest.raises(UsageError, match="no number of days"):
        gc(job, remove=True, older_than=days)
    with pytest.raises(UsageError, match="takes no words"):
        gc(job, "archives")


def test_what_is_not_ours_by_name_or_place_stays(
    job: WorkspaceJob, cache: Cache, tmp_path: Path
) -> None:
    mine = [
        put(cache, name)
        for name in (
            "archives/holiday.tar.gz",
            "archives/net-0123456789ab.tar.gz.bak",
            "archives/net-0123456789AB.tar.gz",
            "notes/net-0123456789ab.tar.gz",
            "net-0123456789ab.tar.gz",
            "pictures/0123456789abcdef-me.jpg",
            "partial/net-0123456789ab.part",
        )
    ]
    (cache.root / "archives/folder-0123456789ab.tar.gz").mkdir()
    (cache.root / "trainer").mkdir()
    (cache.root / "trainer/my-own-things").mkdir()
    outside = put(Cache(tmp_path / "outside"), STRANGE)
    (cache.root / "archives/linked-0123456789ab.tar.gz").symlink_to(outside)
    (cache.root / "damaged").symlink_to(outside.parent)
    (cache.root / "trainer/0123456789ab-cpython-311-linux").symlink_to(outside.parent)
    assert "removed" not in gc(job, remove=True).replace("0 files removed", "")
    assert all(path.exists() for path in (*mine, outside))


def test_each_room_is_swept(job: WorkspaceJob, cache: Cache) -> None:
    gone = [
        put(cache, "damaged/net-0123456789ab.tar.gz"),
        put(cache, "refused/strange-0123456789ab.tar.gz"),
        put(cache, f"partial/strange-0123456789ab.{token()}.part"),
        put(cache, "pictures/0123456789abcdef.jpg"),
    ]
    packages = cache.root / "trainer/0123456789ab-cpython-311-linux"
    (packages / "api").mkdir(parents=True)
    (packages / "api/file.py").write_text("pass")
    os.utime(packages, (OLD, OLD))
    gc(job, remove=True)
    assert not any(path.exists() for path in (*gone, packages))


def test_what_a_running_doit_holds_stays(job: WorkspaceJob, cache: Cache) -> None:
    path = put(cache, STRANGE)
    place = cache.root / "locks" / f"{path.name}.lock"
    place.parent.mkdir()
    with file_lock(place), pytest.raises(DiskError, match="a running doit holds it"):
        gc(job, remove=True)
    assert path.exists()
    written = put(cache, f"partial/strange-0123456789ab.{token()}.part")
    with open(written, "rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(DiskError, match="a running doit writes it"):
            gc(job, remove=True)
    assert written.exists()


def test_what_changes_after_the_look_stays(job: WorkspaceJob, cache: Cache) -> None:
    path = put(cache, STRANGE)
    [piece] = sweep.pieces(cache)
    os.utime(path)
    assert sweep.remove(cache, piece) == "it changed since it was looked at"
    path.unlink()
    assert sweep.remove(cache, piece) == "it is gone already"


def test_a_note_holds_what_the_workspace_needs_and_is_read_back(
    job: WorkspaceJob, cache: Cache
) -> None:
    cache_users.note(job)
    (found,), unreadable = list(cache_users.users(cache)[0].values()), cache_users.users(cache)[1]
    assert found == cache_users.user_of(job)
    assert found.digests == (DIGEST,)
    assert not unreadable
    assert len(known(job).here) == 1


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_a_workspace_that_was_moved_or_copied_is_noted_by_its_next_run(
    tmp_path: Path, how: str
) -> None:
    """Though all is up to date there; what only tells, such as `doit plan`, notes nothing."""
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    archive = next((checkout.root / "embedded").glob("*.tar.gz"))
    checkout.configure('[networks.net]\nsources = ["https://host.example/net.tar.gz"]\n')
    assert checkout.doit("adopt", "net", str(archive)).code == 0
    assert checkout.doit("extract:net").code == 0
    place, cache = tmp_path / "elsewhere", Cache(tmp_path / "cache")
    (shutil.move if how == "moved" else shutil.copytree)(checkout.root, place)
    there = Checkout(place, checkout.environment)
    for words in (["plan"], ["list"], ["gc"]):
        assert there.doit(*words).code == 0
    assert [user.path for user in cache_users.users(cache)[0].values()] == [str(checkout.root)]
    assert there.doit("extract:net").out.startswith("nothing to do")
    paths = {user.path for user in cache_users.users(cache)[0].values()}
    assert paths == {str(checkout.root), str(place)}
    notes = {path: path.stat().st_mtime_ns for path in cache_users.users(cache)[0]}
    assert there.doit("extract:net").out.startswith("nothing to do")
    assert {path: path.stat().st_mtime_ns for path in cache_users.users(cache)[0]} == notes


def test_a_run_that_takes_from_the_cache_leaves_its_note_and_a_no_op_does_not(
    tmp_path: Path,
) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    name = "ssd_tinynet_320x320_cube_digits"
    assert checkout.doit(f"extract:{name}").code == 0
    cache = Cache(tmp_path / "cache")
    assert not (cache.root / "workspaces").exists()  # its archive is read in place
    archive = next((checkout.root / "embedded").glob("*.tar.gz"))
    net = '[networks.mine]\nsources = ["https://example.invalid/mine.tar.gz"]\n'
    with open(checkout.root / "config/workspace.toml", "a") as file:
        file.write(net)
    done = checkout.doit("adopt", "mine", str(archive))
    assert done.code == 0, done
    [note] = (cache.root / "workspaces").iterdir()
    before = note.stat().st_mtime_ns
    assert checkout.doit("verify:mine").code == 0
    assert note.stat().st_mtime_ns == before
    done = checkout.doit("gc", COLUMNS="80")
    assert done.code == 0
    assert "needed by 1 known workspace" in done.out
    config = load(Workspace(checkout.root))
    assert "mine" in config.networks
