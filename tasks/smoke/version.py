"""Which TensorFlow is installed, without importing it."""

from __future__ import annotations

from functools import cache
from importlib import metadata

# TensorFlow's own wheels; the plain one comes first because the others may accompany it.
DISTRIBUTIONS = ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-intel")


@cache
def tensorflow_version() -> str:
    """The version, or "" if none is installed. Asked for once in a process."""
    for name in DISTRIBUTIONS:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""
