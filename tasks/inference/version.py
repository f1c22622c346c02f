"""Which TensorFlow is installed, without importing it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache

# TensorFlow's own wheels; the plain one comes first because the others may accompany it.
DISTRIBUTIONS = ("tensorflow", "tensorflow_cpu", "tensorflow_macos", "tensorflow_intel")


@cache
def tensorflow_version() -> str:
    """The version, or "" if none is installed. Asked for once in a process.

    Read from the name of the folder that an installer leaves beside the package: to read what is in
    it, as `importlib.metadata` does, takes longer than all else that a `doit` with nothing to do
    asks of this step.
    """
    for name in DISTRIBUTIONS:
        for entry in sys.path:
            if version := _version_in(entry or ".", f"{name}-"):
                return version
    return ""


def _version_in(folder: str, prefix: str) -> str:
    with suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(prefix) and name.endswith(".dist-info"):
                return name[len(prefix) : -len(".dist-info")]
    return ""
