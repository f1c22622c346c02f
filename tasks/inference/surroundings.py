"""What TensorFlow's process is given: its environment, a home of its own, what it may read."""

from __future__ import annotations

import os
import site
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from tasks.inference.messages import Grant

GRANT = "TOD_GRANT"
"""The variable that leads to the file in which the process finds its grant: it may be longer than
a variable can be."""

PASSED = (
    *("PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "PATHEXT", "NUMBER_OF_PROCESSORS"),
    *("PROCESSOR_ARCHITECTURE", "PROCESSOR_IDENTIFIER"),
)
FAMILIES = (
    *("LC_", "TF_", "XLA_", "CUDA", "NVIDIA_", "ROCM", "ROCR_", "HIP_", "HSA_", "KERAS_"),
    *("OMP_", "KMP_", "GOMP_", "MKL_", "OPENBLAS_", "ONEDNN_", "DNNL_", "MALLOC_", "PYTHON"),
)
"""Beginnings of names that are passed on."""
HOMES = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TEMP", "TMP")


def environment(given: Mapping[str, str], home: str) -> dict[str, str]:
    """The child's environment, of which only what TensorFlow or Python heed is `given`: no proxies,
    no tokens. TensorFlow is quiet and on the CPU unless the user set it otherwise; what belongs to
    a user leads to the folder `home`."""
    passed = {n: v for n, v in given.items() if n.upper() in PASSED or n.startswith(FAMILIES)}
    defaults = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    if site.ENABLE_USER_SITE:  # else it would be looked for below the new home
        defaults["PYTHONUSERBASE"] = site.getuserbase()
    return {**defaults, **passed, **dict.fromkeys(HOMES, home)}


def left(grant: Grant, home: str) -> str:
    """Leave the grant in the process's home; the path of the file.

    Raises:
        OSError: it can't be written.
    """
    path = Path(home, "grant.json")
    path.write_bytes(msgspec.json.encode(grant))
    return str(path)


def taken(environment: MutableMapping[str, str]) -> Grant:
    """The grant that was left for this process, which takes it away; nothing if none was."""
    path = environment.pop(GRANT, "")
    if not path:
        return Grant()
    grant = msgspec.json.decode(Path(path).read_bytes(), type=Grant)
    Path(path).unlink()
    return grant


def joined(held: Grant, asked: Grant) -> Grant:
    """What is held, and what is asked for beyond it; `held` itself if it is enough."""
    reads = _beyond(held.reads + held.writes, asked.reads)
    writes = _beyond(held.writes, asked.writes)
    if not reads and not writes:
        return held
    return replace(held, reads=held.reads + reads, writes=held.writes + writes)


def _beyond(held: Iterable[str], asked: Iterable[str]) -> tuple[str, ...]:
    """The paths that lie in none of `held`, links followed. One that is not there can't be
    granted: it is asked for again once it is."""
    folders = set(held)
    for path in map(Path, map(os.path.realpath, asked)):
        if path.exists() and folders.isdisjoint(map(str, [path, *path.parents])):
            folders.add(str(path))
    return tuple(sorted(folders.difference(held)))
