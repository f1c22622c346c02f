"""The folders of originals: their names, other disks, and what was not finished."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest

from tasks.mend import journal
from tasks.mend.journal import FileChange


def mended(root: Path, name: str, after: bytes) -> Path:
    """Mend one file of the project `dice`; the folder of its original."""
    path = root / "dice" / name
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(b"before")
    with journal.preparing(root, root / "dice/mended") as prepared:
        prepared.add(FileChange(path, path.read_bytes(), after))
        run = prepared.finish(())
    journal.mend(root, run)
    return run


def test_each_mending_has_a_name_behind_the_last_also_if_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(("2026-11-28T1812", "2026-11-28T1812", "2025-01-01T0000", "2026-11-29T0900"))
    monkeypatch.setattr(time, "strftime", lambda _: next(times))
    names = [mended(tmp_path, "a", str(number).encode()).name for number in range(4)]
    assert names == ["2026-11-28T1812", "2026-11-28T1812-2", "2026-11-28T1812-3", "2026-11-29T0900"]
    for number in (2, 1, 0):
        run = journal.last_run(tmp_path / "dice/mended")
        assert run is not None
        journal.undo(tmp_path, run)
        assert (tmp_path / "dice/a").read_bytes() == str(number).encode()


def test_a_file_on_another_disk_is_mended_and_brought_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if "mended" in self.parts:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    link = tmp_path / "dice/link"
    link.parent.mkdir()
    link.symlink_to("a")
    (tmp_path / "dice/a").write_bytes(b"before")
    runs = [mended(tmp_path, name, b"after") for name in ("link", "a")]
    assert not link.is_symlink()
    for run in reversed(runs):
        journal.undo(tmp_path, run)
    assert link.readlink() == Path("a")
    assert (tmp_path / "dice/a").read_bytes() == b"before"
    assert sorted(path.name for path in link.parent.iterdir()) == ["a", "link"]


def test_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "dice/a"
    path.parent.mkdir()
    path.write_bytes(b"before")
    path.chmod(0o640)
    run = mended(tmp_path, "a", b"after")
    assert path.stat().st_mode & 0o777 == 0o640
    journal.undo(tmp_path, run)
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_is_put_beside_the_originals_stays(tmp_path: Path) -> None:
    run = mended(tmp_path, "a", b"after")
    (run / "my notes.txt").write_text("mine")
    journal.undo(tmp_path, run)
    assert [path.name for path in run.iterdir()] == ["my notes.txt"]
    assert journal.last_run(run.parent) is None
