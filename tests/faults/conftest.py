"""Disks that can be filled, made read-only, or are of another kind; a chain of all five steps."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.core.paths import Workspace
from tasks.web import connectivity
from tests.faults.chain import Chain, chain

Disk = Callable[..., Path]


@pytest.fixture(autouse=True)
def nothing_is_known_of_any_host() -> None:
    """A test's server may get the port of an earlier one."""
    connectivity.verdicts.cache_clear()


@pytest.fixture
def whole(workspace: Workspace, tmp_path: Path) -> Iterator[Chain]:
    """All five steps of one network and one project, none of them done."""
    with chain(workspace, tmp_path) as made:
        yield made


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Makes a small file system of its own at a path, in memory."""
    mounted: list[Path] = []

    def make(path: Path, size: str = "64m") -> Path:
        path.mkdir(parents=True, exist_ok=True)
        mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path))
        mounted.append(path)
        return path

    yield make
    for path in reversed(mounted):
        subprocess.run(["umount", "-l", str(path)], check=False)


def mount(*words: str) -> None:
    """Mount something, or skip the test: it takes root, and a kernel that lets root do it."""
    if shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("mounting a disk takes root")
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Let nobody, not even root, write below `path` (a folder or a file)."""
    mount("--bind", str(path), str(path))
    try:
        mount("-o", "remount,bind,ro", str(path))
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=False)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no byte free on a disk."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def limited() -> Iterator[None]:
    """Let no file grow: writing fails as on a full disk, on any file system and for anyone."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
