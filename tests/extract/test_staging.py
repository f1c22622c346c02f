"""A folder of our own, for as long as we live."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.extract import staging as module
from tasks.extract.staging import remove_strays, staging
from tasks.paths import Workspace


def test_the_folder_vanishes_with_the_block_also_when_that_fails(workspace: Workspace) -> None:
    with staging(workspace, "net") as folder:
        (folder / "tree").mkdir()
        assert folder.parent == workspace.pre_trained
    with pytest.raises(RuntimeError), staging(workspace, "net"):
        raise RuntimeError
    assert list(workspace.pre_trained.iterdir()) == []


def test_two_of_one_network_do_not_meet(workspace: Workspace) -> None:
    with staging(workspace, "net") as one, staging(workspace, "net") as two:
        assert one != two


def test_the_living_are_left_alone_and_the_dead_removed(workspace: Workspace) -> None:
    script = "import sys, pathlib, os; from tasks.paths import Workspace\n"
    script += "from tasks.extract.staging import staging\n"
    script += "with staging(Workspace(pathlib.Path(sys.argv[1])), 'net') as f:\n"
    script += "    print(f, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", script, str(workspace.root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        remove_strays(workspace, "net")
        assert folder.is_dir()
        process.kill()
        process.wait()
        remove_strays(workspace, "net")
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
    (workspace.pre_trained / ".net.staging-abc_1234").mkdir()
    remove_strays(workspace, "net")
    assert sorted(p.name for p in workspace.pre_trained.iterdir()) == sorted(names)


def test_where_locks_do_not_work_age_decides(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import filelock

    def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with staging(workspace, "net") as folder:
        remove_strays(workspace, "net")
        assert folder.is_dir()
        old = time.time() - module.LONGEST_EXTRACTION - 1
        os.utime(folder, (old, old))
        remove_strays(workspace, "net")
        assert not folder.exists()
