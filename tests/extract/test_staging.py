"""A folder of our own, for as long as we live."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tasks.core import staging as module
from tasks.core import temporary
from tasks.core.paths import Workspace
from tasks.core.staging import made_aside, remove_strays
from tasks.core.temporary import STILL_FRESH, Ground, token


def test_the_folder_vanishes_with_the_block_also_when_that_fails(workspace: Workspace) -> None:
    with made_aside(workspace.staging("net")) as folder:
        (folder / "tree").mkdir()
        assert folder.parent == workspace.pre_trained
    with pytest.raises(RuntimeError), made_aside(workspace.staging("net")):
        raise RuntimeError
    assert list(workspace.pre_trained.iterdir()) == []


def test_two_of_one_network_do_not_meet(workspace: Workspace) -> None:
    with made_aside(workspace.staging("net")) as one, made_aside(workspace.staging("net")) as two:
        assert one != two


def test_the_living_are_left_alone_and_the_dead_removed(workspace: Workspace) -> None:
    script = "import sys, pathlib, os; from tasks.core.paths import Workspace\n"
    script += "from tasks.core.staging import made_aside\n"
    script += "with made_aside(Workspace(pathlib.Path(sys.argv[1])).staging('net')) as f:\n"
    script += "    print(f, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", script, str(workspace.root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        remove_strays(workspace.staging("net"))
        assert folder.is_dir()
        process.kill()
        process.wait()
        remove_strays(workspace.staging("net"))
        assert not folder.exists()


def test_only_what_has_our_form_of_name_is_removed(workspace: Workspace) -> None:
    names = [
        "net",
        ".net.staging",
        ".other.staging-abc_1234",
        "net.staging-abc",
        ".net.staging-A b",
    ]
    for name in names:
        (workspace.pre_trained / name).mkdir(parents=True)
    (workspace.pre_trained / f".net.staging-{token()}").mkdir()
    remove_strays(workspace.staging("net"))
    assert sorted(p.name for p in workspace.pre_trained.iterdir()) == sorted(names)


def test_where_locks_do_not_work_age_decides(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import filelock

    def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    monkeypatch.setattr(temporary, "_lock", lambda *_, **__: None)
    with made_aside(workspace.staging("net")) as folder:
        check_age(workspace, folder, monkeypatch)


def test_of_another_machines_folders_age_decides(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock may not be seen here. What counts is the latest change anywhere in the folder."""
    folder = workspace.pre_trained / f".net.staging-{'0' * 8}-{'1' * 16}"
    (folder / "tree").mkdir(parents=True)
    (folder / "tree" / "file").write_bytes(b"of an archive")
    os.utime(folder / "tree" / "file", (1, 1))
    check_age(workspace, folder, monkeypatch)


def check_age(workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, ground_of = workspace.staging("net"), temporary.ground_of
    for passed, stays in ((0, True), (STILL_FRESH - 60, True), (STILL_FRESH + 60, False)):

        def later(folder: Path, passed: float = passed) -> Ground | None:
            ground = ground_of(folder)
            return ground and msgspec.structs.replace(ground, now=ground.now + passed)

        monkeypatch.setattr(module, "ground_of", later)
        assert module.strays(place) == ([] if stays else [folder])
        remove_strays(place)
        assert folder.is_dir() == stays
