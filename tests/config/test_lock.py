"""config/zoo.lock: what was trusted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.config import lock
from tasks.config.types import LockEntry
from tasks.core.errors import ConfigError
from tasks.core.paths import Workspace

ROOT = Path(__file__).parents[2]
FIRST = LockEntry(sha256="a" * 64, size=3, source="http://x/y", attested_by="none")
SECOND = LockEntry(sha256="b" * 64, size=4)


@pytest.fixture
def path(workspace: Workspace) -> Path:
    workspace.config.mkdir()
    return workspace.lock_file


def test_no_file_is_an_empty_lock(path: Path) -> None:
    assert lock.read(path) == {}


def test_what_is_recorded_is_read_back_sorted_and_without_times(path: Path) -> None:
    assert lock.record(path, "second", SECOND)
    assert lock.record(path, "first", FIRST)
    assert lock.read(path) == {"first": FIRST, "second": SECOND}
    raw = json.loads(path.read_text(encoding="utf-8"))
    assert list(raw) == ["first", "second"]
    assert set(raw["first"]) == {"sha256", "size", "tree", "source", "witness"}
    assert path.read_bytes().endswith(b"}\n")


def test_no_secret_of_an_address_is_recorded_or_stays(path: Path) -> None:
    old = LockEntry(sha256="a" * 64, size=3, source="https://me:secret@host/x?token=secret")
    path.write_bytes(msgspec.json.encode({"old": old}))
    lock.record(path, "new", old)
    assert b"secret" not in path.read_bytes()
    assert {entry.source for entry in lock.read(path).values()} == {"https://***@host/x?***"}
    assert not lock.record(path, "new", old)


def test_the_order_of_recording_leaves_no_trace(path: Path) -> None:
    lock.record(path, "first", FIRST)
    lock.record(path, "second", SECOND)
    content = path.read_bytes()
    path.unlink()
    lock.record(path, "second", SECOND)
    lock.record(path, "first", FIRST)
    assert path.read_bytes() == content


def test_the_same_entry_again_does_not_touch_the_file(path: Path) -> None:
    lock.record(path, "first", FIRST)
    os.utime(path, (1, 1))
    assert not lock.record(path, "first", FIRST)
    assert path.stat().st_mtime == 1


def test_an_entry_is_replaced(path: Path) -> None:
    lock.record(path, "first", FIRST)
    lock.record(path, "second", FIRST)
    assert lock.record(path, "first", SECOND)
    assert lock.read(path) == {"first": SECOND, "second": FIRST}


def test_every_wrong_entry_is_named_and_told_in_words(path: Path) -> None:
    path.write_text('{"one": {"sha256": "abc", "size": 1}, "two": {"size": 1}}')
    with pytest.raises(ConfigError) as caught:
        lock.read(path)
    one, two = caught.value.faults
    assert "one: sha256: expected 64 hexadecimal digits" in one
    assert "two: " in two
    assert "sha256" in two


def test_nothing_is_left_beside_the_lock(path: Path) -> None:
    lock.record(path, "first", FIRST)
    assert [child.name for child in path.parent.iterdir()] == ["zoo.lock"]


BROKEN = {
    b"": "input data was truncated",
    b"[]": "expected `object`, got `array`",
    b"<<<<<<< HEAD": "JSON is malformed",
    b'{"a": {"size": 3}}': "missing required field `sha256`",
    b'{"a": {"sha256": "x", "size": 3}}': "a: sha256: expected 64 hexadecimal digits",
    b'{"a": {"sha256": "%s", "size": 3, "when": 1}}' % (b"a" * 64): "unknown field `when`",
    b'{"../a": {"sha256": "%s", "size": 3}}' % (b"a" * 64): "expected a network's name",
    b"[" * 100_000: "expected `object`",
}


@pytest.mark.parametrize(("content", "words"), BROKEN.items(), ids=range(len(BROKEN)))
def test_a_broken_lock_is_told_in_one_line_and_never_made_anew(
    path: Path, content: bytes, words: str
) -> None:
    path.write_bytes(content)
    for attempt in (lambda: lock.read(path), lambda: lock.record(path, "first", FIRST)):
        with pytest.raises(ConfigError) as caught:
            attempt()
        (fault,) = caught.value.faults
        assert fault.startswith("config/zoo.lock: ")
        assert words in fault
        assert "\n" not in fault
    assert path.read_bytes() == content


def test_a_folder_in_place_of_the_lock_is_told(path: Path) -> None:
    path.mkdir()
    with pytest.raises(ConfigError, match=r"config/zoo\.lock: .*folder"):
        lock.read(path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_random_bytes_give_no_traceback(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    faults: tuple[str, ...] = ()
    try:
        lock.read(path)
    except ConfigError as error:
        faults = error.faults
    assert all(fault.startswith("config/zoo.lock: ") for fault in faults)


WRITER = """
import sys
from pathlib import Path
from tasks.config import lock
from tasks.config.types import LockEntry
path, who = Path(sys.argv[1]), sys.argv[2]
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    lock.record(path, f"{who}_{number}", LockEntry(sha256="c" * 64, size=number))
"""


def writers(path: Path, count: int, entries: int) -> None:
    """Let `count` processes record at once, and wait for them."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), f"writer{number}", str(entries)],
            stdin=subprocess.PIPE,
            env=environment,
        )
        for number in range(count)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
    assert [process.wait(60) for process in processes] == [0] * count


def test_processes_that_record_at_once_lose_nothing(path: Path) -> None:
    writers(path, count=4, entries=15)
    assert len(lock.read(path)) == 4 * 15


def test_a_guard_that_can_not_be_had_does_not_stop_the_recording(
    path: Path, workspace: Workspace
) -> None:
    workspace.state.write_bytes(b"a file where the folder should be")
    assert lock.record(path, "first", FIRST)
    assert lock.read(path) == {"first": FIRST}


def test_a_guard_that_another_holds_does_not_stop_the_recording(
    path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    monkeypatch.setattr(lock, "PATIENCE", 0.1)
    workspace.state.mkdir()
    with FileLock(workspace.lock_guard):
        assert lock.record(path, "first", FIRST)
    assert lock.read(path) == {"first": FIRST}
