"""The contenders: what of them is on this machine.

Those of pip (DVC, pooch) go into a virtual environment of their own, so that they never become
part of the project's. Keras comes with TensorFlow. The others are taken from the PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
ON_PATH = ("wget", "curl", "tar", "make", "ninja")
BY_PIP = ("dvc", "pooch")


class Tools:
    """Where each contender is; those that are not here are left out of the table, and named."""

    def __init__(self, environment: Path) -> None:
        self._environment = environment

    @property
    def python(self) -> str:
        """The interpreter of the contenders' environment."""
        return str(_bin(self._environment) / "python")

    def find(self, name: str) -> str | None:
        """The program's path; for pooch, a library, that of its interpreter."""
        if name == "pooch":
            return self.python if _has_pooch(self._environment) else None
        return shutil.which(name, path=f"{_bin(self._environment)}{os.pathsep}{os.environ['PATH']}")

    def missing(self) -> list[str]:
        return [name for name in (*ON_PATH, *BY_PIP) if self.find(name) is None]

    def versions(self) -> list[str]:
        """`name version` of each contender that is here."""
        return [f"{n} {v}" for n in (*ON_PATH, *BY_PIP) if (v := self._version(n))]

    def _version(self, name: str) -> str:
        program = self.find(name)
        if program is None:
            return ""
        command = [program, "--version"]
        if name == "pooch":
            command = [program, "-c", "import pooch; print(pooch.__version__)"]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        words = said.partition("\n")[0].replace("v", "").split()
        return next((word for word in words if word[:1].isdigit()), "")


def prepare(environment: Path, say: Callable[[str], None]) -> Tools:
    """Make the contenders' environment, unless it is there; without internet it stays empty."""
    if not (_bin(environment) / "python").exists():
        say(f"making {environment} for {' and '.join(BY_PIP)}")
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        pip = [str(_bin(environment) / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=False)
    return Tools(environment)


def _bin(environment: Path) -> Path:
    return environment / ("Scripts" if os.name == "nt" else "bin")


def _has_pooch(environment: Path) -> bool:
    return any(environment.glob("lib/python*/site-packages/pooch"))
