"""A power cut after exit code 0 loses nothing: what is written is on disk, and so is its name.

No power is cut: the order of the calls tells. A file must be synced before it gets its name, the
folder after that, and the receipt of a step comes after all that it vouches for.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.core.files import write_atomic
from tests.faults.chain import Chain
from tests.support.soak import STEPS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders can't be synced there")
# A staged tree is on disk when it is published; what is lost of it before is read again.
TEMPORARY = ("turns", "locks", "logs", "partial", "zoo.lock.guard", ".net.staging")

Inode = tuple[int, int]


def inode(of: Path | int) -> Inode:
    status = os.stat(of)
    return status.st_dev, status.st_ino


class Calls:
    """When, as a count of calls, each file and folder was last synced, and each name last came."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.synced: dict[Inode, int] = {}
        self.times = Counter[Inode]()
        self.named: dict[Path, int] = {}
        patch.setattr(os, "fsync", self._watched(os.fsync, self._sync))
        for name in ("replace", "rename"):
            patch.setattr(os, name, self._watched(getattr(os, name), self._rename))
        patch.setattr(os, "mkdir", self._watched(os.mkdir, self._mkdir))

    def _watched(self, call: Callable[..., Any], note: Callable[..., None]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            result = call(*arguments, **named)
            self.count += 1
            note(*arguments)
            return result

        return watched

    def _sync(self, descriptor: int) -> None:
        self.synced[inode(descriptor)] = self.count
        self.times[inode(descriptor)] += 1

    def _rename(self, source: Any, target: Any) -> None:
        self.named[Path(target)] = self.count

    def _mkdir(self, path: Any, *_: object) -> None:
        self.named[Path(path)] = self.count

    def check(self, path: Path) -> int:
        """Check that a file or folder will be there after a power cut; when that was so."""
        synced = self.synced.get(inode(path), 0)
        named = self.named.get(path, 0)
        if path.is_file():
            assert synced, f"{path} is not synced"
            assert not named or synced < named, f"{path} got its name before its content"
        safe = self.synced.get(inode(path.parent), 0)
        came = max(named, synced if path.is_file() else 0)
        assert safe > came, f"{path.parent} is not synced after {path.name} came there"
        return safe


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


def lasting(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if not set(path.parts) & set(TEMPORARY)}


def test_after_each_step_all_is_on_disk_and_its_receipt_came_last(
    whole: Chain, calls: Calls
) -> None:
    root, known = whole.workspace.root, set[Path]()
    for step in STEPS:
        whole.run(step)
        new = (lasting(root) | lasting(whole.cache.root)) - known
        receipt = whole.receipt(step)
        assert receipt in new
        safe = {path: calls.check(path) for path in new}
        ours = {path for path in new if ".tod" not in path.parts}
        assert max((safe[path] for path in ours), default=0) < calls.named[receipt]
        known |= new
    for path in (whole.cache.root, whole.workspace.state):
        calls.check(path)


def test_what_is_mended_is_on_disk_too(whole: Chain, calls: Calls) -> None:
    whole.run_all()
    folder = whole.workspace.network("net")
    (folder / "saved_model" / "saved_model.pb").unlink()
    (folder / "pipeline.config").write_bytes(b"mine")
    whole.run("extract")
    for path in (folder / "saved_model" / "saved_model.pb", folder / "pipeline.config"):
        calls.check(path)
    calls.check(folder / "pipeline.config.yours-1")


def test_a_tree_is_synced_once_a_folder(whole: Chain, calls: Calls) -> None:
    """Not once a file: a disk needs milliseconds for each."""
    for step in STEPS[:2]:
        whole.run(step)
    calls.times.clear()
    whole.run("extract")
    folder = whole.workspace.network("net")
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    assert len(folders) > 3
    assert {calls.times[inode(path)] for path in folders} == {1}


def test_a_folder_that_is_made_on_the_way_is_on_disk(tmp_path: Path, calls: Calls) -> None:
    write_atomic(tmp_path / "a" / "b" / "file", b"content")
    for path in (tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "file"):
        calls.check(path)
