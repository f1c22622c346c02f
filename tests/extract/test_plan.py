"""What lies on disk → what is done with it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tasks.extract.plan import blocking_parent, plan
from tasks.pipeline.receipts import FileRecord

THEN = 1_600_000_000


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(folder: Path, content: bytes, mtime: float = THEN) -> None:
    (folder / "a").write_bytes(content)
    os.utime(folder / "a", ns=(0, int(mtime * 10**9)))


def record(content: bytes, mtime: int = THEN) -> FileRecord:
    return FileRecord(len(content), sha256(content), mtime)


def decision(folder: Path, wanted: bytes | None, former: bytes | None) -> list[str]:
    """Names of the plan's fields that the file `a` is in."""
    members = {} if wanted is None else {"a": (len(wanted), sha256(wanted))}
    records = {} if former is None else {"a": record(former)}
    made = plan(folder, members, records)
    names = ("kept", "touched", "written", "aside", "removed", "left")
    return [name for name in names if "a" in getattr(made, name)]


@pytest.mark.parametrize(
    ("on_disk", "mtime", "wanted", "former", "decided"),
    [
        (b"new", THEN, b"new", b"new", ["kept"]),
        (b"new", THEN + 5, b"new", b"new", ["touched"]),
        (b"new", THEN + 0.5, b"new", b"new", ["touched"]),
        (b"new", THEN, b"new", None, ["touched"]),
        (b"new", THEN + 5, b"new", b"old", ["touched"]),
        (None, 0, b"new", b"new", ["written"]),
        (None, 0, b"new", None, ["written"]),
        (b"old", THEN, b"new", b"old", ["written"]),
        (b"old", THEN + 5, b"new", b"old", ["written"]),
        (b"own", THEN + 5, b"new", b"new", ["written", "aside"]),
        (b"owner", THEN, b"new", b"new", ["written", "aside"]),
        (b"own", THEN + 5, b"new", b"old", ["written", "aside"]),
        (b"own", THEN, b"new", None, ["written", "aside"]),
        (b"old", THEN, None, b"old", ["removed"]),
        (b"old", THEN + 5, None, b"old", ["removed"]),
        (b"own", THEN + 5, None, b"old", ["left"]),
        (None, 0, None, b"old", ["removed"]),
        (b"own", THEN, None, None, []),
    ],
)
def test_each_file_is_decided(
    tmp_path: Path,
    on_disk: bytes | None,
    mtime: float,
    wanted: bytes | None,
    former: bytes | None,
    decided: list[str],
) -> None:
    if on_disk is not None:
        put(tmp_path, on_disk, mtime)
    assert decision(tmp_path, wanted, former) == decided


def test_the_recorded_mtime_is_restored(tmp_path: Path) -> None:
    put(tmp_path, b"x", THEN + 7.5)
    made = plan(tmp_path, {"a": (1, sha256(b"x"))}, {"a": record(b"x")})
    assert made.touched["a"].mtime == THEN


def test_a_file_never_recorded_keeps_its_own_mtime_in_whole_seconds(tmp_path: Path) -> None:
    put(tmp_path, b"x", THEN + 7.5)
    assert plan(tmp_path, {"a": (1, sha256(b"x"))}, {}).touched["a"].mtime == THEN + 7


@pytest.mark.parametrize("make", ["folder", "link", "dangling"])
def test_what_is_no_plain_file_is_the_users(tmp_path: Path, make: str) -> None:
    if make == "folder":
        (tmp_path / "a").mkdir()
    else:
        (tmp_path / "b").write_bytes(b"new")
        (tmp_path / "a").symlink_to("b" if make == "link" else "nowhere")
    assert decision(tmp_path, b"new", b"new") == ["written", "aside"]


def test_a_folder_that_became_a_link_or_a_file_is_seen(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").write_bytes(b"")
    assert blocking_parent(tmp_path, "real/a/b") is None
    assert blocking_parent(tmp_path, "link/a/b") == "link"
    assert blocking_parent(tmp_path, "file/a/b") == "file"
    assert blocking_parent(tmp_path, "new/a/b") is None
    assert blocking_parent(tmp_path, "a") is None
