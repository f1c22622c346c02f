"""The files that the trainer's packages are installed from, kept in the cache to be carried.

`doit bundle --with-training` has pip fetch them, `doit adopt` takes them out of a bundle, and the
step `trainer` installs from them before it asks the package registry. Only files whose sha256
requirements-train.lock names count, and each time they are hashed; so whoever can write to the
cache can't slip one in.
"""

from __future__ import annotations

import hashlib
import re
import sys
import sysconfig
from collections.abc import Collection
from pathlib import Path

from tasks.core.files import read_file, sha256_or_nothing
from tasks.pipeline.cache_users import LARGEST_LOCK
from tasks.pipeline.job import Job
from tasks.training.packages import LOCK

LARGEST = 1 << 30  # bytes of a file
DIGEST = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def made_for() -> str:
    """The Python and the system that the files have to be for: `cpython-311-linux-x86_64`."""
    return f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}"


def folder_of(job: Job) -> Path:
    """Where they lie: one folder for each lock, version of Python, and system."""
    lock = hashlib.sha256(read_file(LOCK, LARGEST_LOCK)).hexdigest()[:12]
    return job.cache.root / "wheels" / f"{lock}-{made_for()}"


def requirements() -> dict[str, frozenset[str]]:
    """Name of each package of requirements-train.lock → the sha256 of each file that will do."""
    found: dict[str, frozenset[str]] = {}
    name = ""
    for line in read_file(LOCK, LARGEST_LOCK).decode().splitlines():
        if "==" in line and not line.startswith(("#", " ")):
            name = line.partition("==")[0]
        found[name] = found.get(name, frozenset()) | {*DIGEST.findall(line)}
    return found


def lacking(digests: Collection[str]) -> list[str]:
    """The packages that no file of these sha256 is of."""
    return [name for name, known in requirements().items() if known.isdisjoint(digests)]


def is_named(sha256: str) -> bool:
    """Whether the lock names a file of this sha256."""
    return any(sha256 in known for known in requirements().values())


def in_folder(folder: Path) -> dict[Path, str]:
    """The files that the lock names → their sha256, one for each package."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    digests = {path: sha256_or_nothing(path, LARGEST) for path in paths}
    found: dict[Path, str] = {}
    for known in requirements().values():
        first = next((path for path, digest in digests.items() if digest in known), None)
        if first is not None:
            found[first] = digests[first]
    return found


def at_hand(job: Job) -> dict[Path, str]:
    """All files that the packages are installed from → their sha256; nothing if one is missing."""
    found = in_folder(folder_of(job))
    return {} if lacking(found.values()) else found
