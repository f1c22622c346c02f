"""Faults of the machine: disks, files of ours that somebody damaged, and the clock."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tasks.core.errors import ConfigError, DiskError
from tasks.core.files import atomic_writer, write_atomic
from tasks.core.paths import Workspace
from tasks.download.partial import PartialFile, address_key
from tasks.pipeline import archive_cache
from tasks.web.answer import SideCar
from tests.faults.chain import Chain, chain
from tests.faults.conftest import Disk, full, limited, mount, read_only
from tests.support.soak import STEPS

posix = pytest.mark.skipif(sys.platform == "win32", reason="no such limits and mounts there")
pytestmark = posix
ROOT = Path(__file__).parents[2]

# A full disk


@pytest.fixture(params=["a full disk", "a limit"])
def no_room(
    request: pytest.FixtureRequest, tmp_path: Path, disk: Disk
) -> AbstractContextManager[None]:
    """What makes every write fail; a disk of the test's own holds workspace and cache."""
    if request.param == "a limit":
        return limited()
    return full(disk(tmp_path / "disk"))


@pytest.fixture
def on_disk(
    no_room: AbstractContextManager[None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    root = tmp_path / "disk" / "workspace"
    root.mkdir(parents=True)
    monkeypatch.setenv("TOD_CACHE", str(tmp_path / "disk" / "cache"))
    return Workspace(root)


@pytest.mark.parametrize("step", STEPS)
def test_no_room_is_one_line_at_every_step_and_the_next_run_goes_on(
    step: str, no_room: AbstractContextManager[None], on_disk: Workspace, tmp_path: Path
) -> None:
    with chain(on_disk, tmp_path) as whole:
        whole.run_all(upto=step)
        before = whole.files()
        with no_room, pytest.raises(DiskError) as caught:
            whole.run(step)
        assert "\n" not in str(caught.value)
        assert re.search("no space left|file too large|needed|needs", caught.value.why)
        assert {name: whole.files().get(name) for name in before} == before
        assert not whole.workspace.network("net").exists() or step in ("scaffold", "smoke")
        whole.run_all()
        assert whole.all_done()
        assert not leftovers(whole)


def leftovers(whole: Chain) -> list[Path]:
    """Staging folders, partials and temporary files."""
    places = [whole.workspace.root, whole.cache.root]
    found = [path for place in places for path in place.rglob("*")]
    return [p for p in found if p.suffix in (".tmp", ".part") or ".staging-" in p.name]


# Disks that may only be read


def test_a_pre_trained_folder_that_may_only_be_read_is_one_line(whole: Chain) -> None:
    whole.workspace.pre_trained.mkdir()
    whole.run_all(upto="extract")
    with read_only(whole.workspace.pre_trained), pytest.raises(DiskError, match="read-only"):
        whole.run("extract")
    whole.run_all()
    assert whole.all_done()


def test_a_cache_that_may_only_be_read_serves_what_it_has(whole: Chain, tmp_path: Path) -> None:
    whole.run("download")
    before = sorted(path.name for path in whole.cache.root.rglob("*"))
    (tmp_path / "other").mkdir()
    with (
        read_only(whole.cache.root),
        chain(Workspace(tmp_path / "other"), tmp_path / "more") as other,
    ):
        config = whole.network.config
        sharing = Chain(
            type(other.network)(config, other.workspace, network=whole.network.network),
            type(other.project)(config, other.workspace, project=whole.project.project),
            whole.server,
        )
        sharing.run_all()
        assert sharing.all_done()
    assert sorted(path.name for path in whole.cache.root.rglob("*")) == before
    assert len(whole.server.requests) == 1


def test_a_cache_that_may_only_be_read_and_lacks_the_archive_is_one_line(whole: Chain) -> None:
    whole.cache.root.mkdir()
    with read_only(whole.cache.root), pytest.raises(DiskError, match="read-only"):
        whole.run("download")
    whole.run_all()
    assert whole.all_done()


def test_a_cache_that_may_only_be_read_keeps_an_archive_that_need_not_be_kept(
    workspace: Workspace, tmp_path: Path
) -> None:
    with chain(workspace, tmp_path, keep_archives=False) as whole:
        whole.run_all(upto="extract")
        with read_only(whole.cache.root):
            assert whole.run("extract").lines == (
                "net: its archive stays in the cache: read-only file system "
                f"({archive_cache.cached(whole.network)})",
            )
            whole.run_all()
            assert whole.all_done()


# Files of ours that somebody damaged

DAMAGED = [b"", b"\0" * 200, b'{"status": "done"}', b"\xff\xfe{"]


@pytest.mark.parametrize("step", STEPS)
def test_a_corrupted_receipt_costs_a_check_and_no_work(step: str, whole: Chain) -> None:
    """Without scaffold's receipt its files count as the user's: that is all that is lost."""
    whole.run_all()
    receipt, before = whole.receipt(step), whole.files()
    if step == "scaffold":
        del before[receipt.relative_to(whole.workspace.root).as_posix()]
    weights = whole.workspace.network("net") / "saved_model/variables/variables.index"
    inode = weights.stat().st_ino
    for content in DAMAGED:
        receipt.write_bytes(content)
        assert whole.stale(step) is not None
        whole.run_all()
        assert whole.all_done()
        assert {name: whole.files()[name] for name in before} == before
    assert len(whole.server.requests) == 1
    assert weights.stat().st_ino == inode


@pytest.mark.parametrize("content", [b"", b"\0" * 50, b"{", b"[]", b'{"net": 5}', b"\xff"])
def test_a_corrupted_lock_is_one_line_and_is_never_made_anew(content: bytes, whole: Chain) -> None:
    whole.run_all(upto="extract")
    lock = whole.workspace.lock_file
    good = lock.read_bytes()
    lock.write_bytes(content)
    for step in ("verify", "extract"):
        with pytest.raises(ConfigError) as caught:
            whole.run(step)
        assert str(caught.value).startswith("config/zoo.lock: ")
        assert "\n" not in str(caught.value)
    assert lock.read_bytes() == content
    lock.write_bytes(good)
    whole.run_all()
    assert whole.all_done()


# The clock


def test_a_clock_that_jumps_back_makes_nothing_stale_and_stops_nothing(
    whole: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole.run_all(upto="extract")
    real, jump = time.time, 10 * 365 * 86_400
    monkeypatch.setattr(time, "time", lambda: real() - jump)
    whole.run_all()
    assert whole.all_done()
    assert len(whole.server.requests) == 1
    (whole.workspace.network("net") / "pipeline.config").unlink()
    whole.run_all()
    assert whole.all_done()


def test_files_from_the_future_are_believed_for_what_they_hold(whole: Chain) -> None:
    """As after a jump of the clock: what was made before it lies in the future."""
    whole.run_all()
    future = time.time() + 10**8
    for path in (whole.workspace.state / "receipts").rglob("*.json"):
        os.utime(path, (future, future))
    assert whole.all_done()
    lost = whole.workspace.network("net") / "pipeline.config"
    lost.unlink()
    whole.run_all()
    assert whole.all_done()
    assert lost.is_file()


# Other file systems


def test_cache_and_workspace_may_lie_on_different_file_systems(
    workspace: Workspace, tmp_path: Path, disk: Disk
) -> None:
    cache = disk(tmp_path / "cache")
    assert cache.stat().st_dev != workspace.root.stat().st_dev
    with chain(workspace, tmp_path) as whole:
        whole.run_all()
        assert whole.all_done()
        archive_cache.set_aside(whole.network, archive_cache.cached(whole.network), "damaged")
        assert not leftovers(whole)


def test_no_step_needs_hard_links_or_symbolic_links(
    whole: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    for name in ("link", "symlink"):
        monkeypatch.setattr(os, name, refuse)
    whole.run_all()
    assert whole.all_done()


def test_a_file_system_of_memory_cards_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAT: no links, no owners, times in steps of two seconds, names in any case."""
    if shutil.which("mkfs.vfat") is None:
        pytest.skip("mkfs.vfat is not installed")
    image, card = tmp_path / "card.img", tmp_path / "card"
    image.write_bytes(bytes(40 << 20))
    card.mkdir()
    subprocess.run(["mkfs.vfat", str(image)], check=True, capture_output=True)
    mount("-o", "loop", str(image), str(card))
    try:
        monkeypatch.setenv("TOD_CACHE", str(card / "cache"))
        (card / "workspace").mkdir()
        with chain(Workspace(card / "workspace"), tmp_path) as whole:
            whole.run_all()
            assert whole.all_done()
            (whole.workspace.network("net") / "pipeline.config").unlink()
            whole.run_all()
            assert whole.all_done()
    finally:
        subprocess.run(["umount", "-l", str(card)], check=False)


# What killed processes left


def test_partials_go_also_when_the_archive_is_found_in_the_cache(whole: Chain) -> None:
    """The process that published it was killed before it could tidy up."""
    whole.run("download")
    place = whole.cache.partial("net", address_key(whole.network.network.sources[0]))
    left = PartialFile(place, whole.network.network.sources[0])
    left.restart(SideCar(url=left.address, etag='"one"', total=10), ())
    left.write(b"12345")
    left.close()
    whole.receipt("download").unlink()
    assert list(place.parent.iterdir())
    whole.run("download")
    assert not list(place.parent.iterdir())
    assert len(whole.server.requests) == 1


def test_what_a_killed_writer_left_goes_with_the_next_writing(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    script = (
        "import os, sys; from pathlib import Path; from tasks.core.files import atomic_writer\n"
    )
    script += "with atomic_writer(Path(sys.argv[1])): os._exit(9)"
    subprocess.run([sys.executable, "-c", script, str(path)], cwd=ROOT, check=False)
    assert len(list(tmp_path.iterdir())) == 1
    with atomic_writer(path) as living:
        living.write(b"last")
        write_atomic(path, b"whole")
        assert len(list(tmp_path.iterdir())) == 2
    assert path.read_bytes() == b"last"
    assert list(tmp_path.iterdir()) == [path]
