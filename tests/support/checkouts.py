"""A checkout of the project in a folder of its own, and real `doit` processes in it."""

from __future__ import annotations

import atexit
import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = (
    *("dodo.py", "tasks", "config", "embedded", "pre-trained/README.md", "pyproject.toml"),
    "requirements-train.lock",
)


@dataclass(frozen=True)
class Finished:
    """A process that ended: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Checkout:
    """A workspace as it was cloned. A run of doit there may take `patience` seconds."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    patience: float = 110

    def doit(self, *words: str, **environment: str) -> Finished:
        """Run doit here, with no terminal and no standard input, and wait for it."""
        process = subprocess.run(
            [sys.executable, "-m", "doit", *words],
            cwd=self.root,
            env={**os.environ, **self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=self.patience,
            check=False,
        )
        return Finished(process.returncode, process.stdout, process.stderr)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start doit here, in a process group of its own, and don't wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "doit", *words],
            cwd=self.root,
            env={**os.environ, **self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def configure(self, text: str) -> None:
        """Replace config/workspace.toml."""
        (self.root / "config/workspace.toml").write_text(text)

    def edit(self, old: str, new: str) -> None:
        """Edit config/workspace.toml; `old` must be in it."""
        file = self.root / "config/workspace.toml"
        before = file.read_text()
        assert old in before
        file.write_text(before.replace(old, new))

    def files(self) -> dict[str, bytes]:
        """path → content of every file here but the interpreter's own."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }


def check_out(folder: Path, **environment: str) -> Checkout:
    """Copy the project's shipped files into `folder`, with the modules compiled: a `doit` there
    would compile them first, each time anew where Python may not keep what it compiled."""
    shutil.copytree(_compiled(), folder, dirs_exist_ok=True)
    return Checkout(folder, {"TOD_CACHE": str(folder.parent / "cache"), **environment})


@cache
def _compiled() -> Path:
    """A copy of the shipped files, made once a process. Times are copied: they tell Python that
    what was compiled is of this very source."""
    scratch = tempfile.TemporaryDirectory()
    atexit.register(scratch.cleanup)
    folder = Path(scratch.name)
    for name in SHIPPED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(
                source, target, ignore=shutil.ignore_patterns("__pycache__", "zoo.lock")
            )
        else:
            shutil.copy2(source, target)
    for name in ("tasks", "embedded"):
        compileall.compile_dir(folder / name, quiet=2, stripdir=str(folder))
    return folder
