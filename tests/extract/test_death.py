"""Killed at any instant, the next run finishes the work as if nothing had been.

The child counts its own calls that touch the disk (by an audit hook) and sends itself SIGKILL at
one of them: so every instant can be tried, and tried again.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.core.paths import Workspace
from tasks.extract import step
from tasks.pipeline.job import NetworkJob, Silent
from tasks.verify import step as verify
from tests.support.archives import NETWORK, zoo_archive, zoo_files
from tests.support.jobs import downloaded, forget, network_job, unstaged

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

SILENT = Silent()
EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.utime", "shutil.rmtree"}
INSTANTS = 10  # of each scene in the suite; all of them were tried, which takes a minute

Scene = Callable[[NetworkJob, Path], None]


def verified(root: Path, files: dict[str, bytes] | None = None) -> tuple[NetworkJob, Path]:
    workspace = Workspace(root / "workspace")
    workspace.root.mkdir(parents=True)
    job, archive = network_job(workspace), root / "mine.tar.gz"
    zoo_archive(archive, files or zoo_files(size=30_000))
    downloaded(job, archive)
    verify.run(job, SILENT)
    return job, archive


def staged(job: NetworkJob, archive: Path) -> None:
    """The tree that verify staged is there."""


def fresh(job: NetworkJob, archive: Path) -> None:
    """Nothing is there yet."""
    unstaged(job)


def edited(job: NetworkJob, archive: Path) -> None:
    """One file was edited, one is missing, one was touched."""
    step.run(job, SILENT)
    folder = job.workspace.network(NETWORK)
    (folder / "pipeline.config").write_bytes(b"my own work")
    (folder / "saved_model" / "saved_model.pb").unlink()
    (folder / "checkpoint" / "checkpoint").touch()


def updated(job: NetworkJob, archive: Path) -> None:
    """Another archive takes the place of an edited network; one file is no longer in it."""
    zoo_archive(archive, {**zoo_files(), "old/file": b"old"})
    _accept(job, archive)
    edited(job, archive)
    zoo_archive(archive, {**zoo_files(size=30_000), "new/file": b"new"})
    _accept(job, archive)


def _accept(job: NetworkJob, archive: Path) -> None:
    downloaded(job, archive)
    forget(job.workspace.lock_file, job.name)
    verify.run(job, SILENT)


def run_in_child(job: NetworkJob, die_at: int | None = None) -> int:
    """Run the step in a child that kills itself at its n-th call; the number of calls it made."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        calls = 0

        def count(event: str, arguments: object) -> None:
            nonlocal calls
            if event in EVENTS:
                calls += 1
                if calls == die_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        status = 1
        try:
            step.run(job, SILENT)
            os.write(writer, b"%d" % calls)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return int(told or 0)


def snapshot(workspace: Workspace) -> dict[str, tuple[bytes, int]]:
    """Everything that the step may write: content, and below pre-trained/ also the mtime."""
    paths = [*workspace.pre_trained.rglob("*"), *(workspace.state / "receipts").rglob("*")]
    seen = {}
    for path in [*paths, workspace.lock_file]:
        timed = path.is_file() and path.is_relative_to(workspace.pre_trained)
        mtime = path.stat().st_mtime_ns if timed else 0
        content = path.read_bytes() if path.is_file() else b""
        seen[path.relative_to(workspace.root).as_posix()] = content, mtime
    return {path: facts for path, facts in seen.items() if not path.endswith(".yours-1")}


@pytest.mark.parametrize("scene", [staged, fresh, edited, updated])
def test_killed_at_any_call_the_next_run_ends_as_an_undisturbed_one(
    tmp_path: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    monkeypatch.setenv("TOD_CACHE", str(here / "cache"))
    job, archive = verified(here)
    scene(job, archive)
    shutil.copytree(here, tmp_path / "before", symlinks=True)
    calls = run_in_child(job)
    undisturbed = snapshot(job.workspace)
    every = range(1, calls + 1)
    count = calls if os.environ.get("TOD_TEST_ALL_INSTANTS") else INSTANTS
    for instant in sorted(random.Random(2026).sample(every, min(count, calls))):
        shutil.rmtree(here)
        shutil.copytree(tmp_path / "before", here, symlinks=True)
        run_in_child(job, die_at=instant)
        run_in_child(job)
        assert snapshot(job.workspace) == undisturbed, f"killed at call {instant} of {calls}"
        assert step.why_stale(job) is None
        if scene not in (staged, fresh):
            kept = job.workspace.network(NETWORK) / "pipeline.config.yours-1"
            assert kept.read_bytes() == b"my own work"


SCRIPT = """
import sys
from pathlib import Path
from tasks.extract import step
from tasks.pipeline.job import Silent
from tasks.core.paths import Workspace
from tests.support.jobs import network_job
print("ready", flush=True)
step.run(network_job(Workspace(Path(sys.argv[1]))), Silent())
"""


def start(job: NetworkJob) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCRIPT, str(job.workspace.root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_killed_in_the_middle_of_a_large_file_the_next_run_starts_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = zoo_files(pipeline_config=True)
    files["large"] = os.urandom(1 << 20) * 40
    job, _ = verified(tmp_path, files)
    unstaged(job)
    with start(job) as process:
        assert process.stdout is not None
        process.stdout.readline()
        while not list(job.workspace.pre_trained.rglob("large")):
            assert process.poll() is None
        process.kill()
    assert not job.workspace.network(NETWORK).exists()
    assert len(list(job.workspace.pre_trained.iterdir())) == 1
    step.run(job, SILENT)
    assert [path.name for path in job.workspace.pre_trained.iterdir()] == [NETWORK]
    assert (job.workspace.network(NETWORK) / "large").read_bytes() == files["large"]


def test_two_at_once_end_with_one_network(tmp_path: Path) -> None:
    files = zoo_files()
    files["large"] = os.urandom(1 << 20) * 20
    job, _ = verified(tmp_path, files)
    processes = [start(job) for _ in range(3)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert [path.name for path in job.workspace.pre_trained.iterdir()] == [NETWORK]
    assert step.why_stale(job) is None
    assert (job.workspace.network(NETWORK) / "large").read_bytes() == files["large"]
