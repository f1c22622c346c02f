"""What one process remembers of files: never longer than they stay as they are."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from tasks.config import lock
from tasks.config.types import LockEntry
from tasks.core import receipts
from tasks.core.files import stamp_of
from tasks.core.paths import Workspace


def aged(path: Path, seconds: float) -> Path:
    """The file, last written so many seconds ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_that_was_just_written_has_no_stamp(tmp_path: Path) -> None:
    path = tmp_path / "receipt"
    path.write_text("one")
    assert stamp_of(path) is None
    assert stamp_of(aged(path, 60)) is not None


@pytest.mark.parametrize("seconds", [-3600, 1])
def test_a_file_of_the_future_or_of_now_has_no_stamp(tmp_path: Path, seconds: float) -> None:
    path = tmp_path / "receipt"
    path.write_text("one")
    assert stamp_of(aged(path, seconds)) is None


def test_a_file_that_is_missing_has_no_stamp(tmp_path: Path) -> None:
    assert stamp_of(tmp_path / "receipt") is None


def test_a_digest_is_taken_anew_when_the_receipt_changed(tmp_path: Path) -> None:
    path = tmp_path / "receipt"
    path.write_bytes(b"one")
    assert receipts.inputs(aged(path, 60)) == {path.as_posix(): sha256(b"one")}
    path.write_bytes(b"two")
    assert receipts.inputs(path) == {path.as_posix(): sha256(b"two")}
    assert receipts.inputs(aged(path, 30)) == {path.as_posix(): sha256(b"two")}
    path.unlink()
    assert receipts.inputs(path) == {path.as_posix(): ""}


def test_a_rewrite_that_leaves_size_and_mtime_is_seen_while_the_file_is_young(
    tmp_path: Path,
) -> None:
    path = tmp_path / "receipt"
    path.write_bytes(b"one")
    receipts.inputs(path)
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert receipts.inputs(path) == {path.as_posix(): sha256(b"two")}


def test_the_lock_is_read_anew_when_it_changed_and_nobody_can_change_what_is_remembered(
    workspace: Workspace,
) -> None:
    entry = LockEntry(sha256="0" * 64, size=1)
    lock.record(workspace.lock_file, "one", entry)
    aged(workspace.lock_file, 60)
    lock.read(workspace.lock_file)["two"] = entry
    assert list(lock.read(workspace.lock_file)) == ["one"]
    lock.record(workspace.lock_file, "three", entry)
    assert list(lock.read(workspace.lock_file)) == ["one", "three"]
