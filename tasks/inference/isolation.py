"""Shut this process in, before any network is loaded: a SavedModel is a program.

Its operations can read and write files and reach the network, and native code could be had to do
anything that this process may do. So the process gives up, for good and for all its threads,
whatever it does not need. It is done before TensorFlow is imported, while there is one thread.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tasks.inference import landlock, limits, seccomp
from tasks.inference.landlock import DEVICE, READ, TRUNCATE, WRITE, WRITE_FILE, Rule
from tasks.inference.messages import Permissions

NONE = "none on this platform"

OF_THE_SYSTEM = (
    *("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/share", "/lib", "/lib32", "/lib64"),
    *("/usr/local/lib", "/usr/local/lib64", "/nix/store", "/gnu/store", "/opt/rocm", "/opt/cuda"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/sys"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)
OF_THE_GRAPHICS_PROCESSOR = ("nvidia*", "dri", "kfd", "dxg")
OF_A_PREFIX = ("lib", "lib64", "bin", "share", "ssl")
OURS = ("tasks", "embedded")


def isolate(permissions: Permissions, root: Path) -> str:
    """Allow this process what it needs, what is permitted, and nothing else; say what holds it.

    `root` is the folder of our own packages.
    """
    permitted = [(path, READ) for path in permissions.reads]
    permitted += [(path, READ | WRITE) for path in permissions.writes]
    limits.set_limits(may_write=bool(permissions.writes), memory=permissions.memory)
    limits.drop_capabilities()
    try:
        version = landlock.restrict([*_own(root, Path(permissions.home)), *permitted])
    except OSError:
        version = 0
    read_only = not version and not permissions.writes
    return described(version, seccomp=seccomp.restrict(read_only=read_only), read_only=read_only)


def described(version: int, *, seccomp: bool, read_only: bool = False) -> str:
    """What holds the process, in words; `version` is Landlock's, 0 if it does not hold."""
    parts = [f"files (Landlock {version})"] if version else []
    if seccomp:
        parts.append(f"{'writing, ' if read_only else ''}network and processes (seccomp)")
    elif version >= 4:
        parts.append(f"TCP (Landlock {version})")
    return ", ".join(parts) or NONE


def _own(root: Path, home: Path) -> Iterator[Rule]:
    """What Python, TensorFlow and our own code need."""
    yield from ((root / name, READ) for name in OURS)
    yield from ((path, READ) for path in OF_THE_SYSTEM)
    yield from ((path, READ) for path in Path("/usr/local").glob("cuda*"))
    yield from ((path, READ) for path in of_python(home, root))
    yield from ((path, READ) for path in _searched_by_the_loader(os.environ))
    yield "/dev/null", DEVICE
    yield "/proc/self/clear_refs", WRITE_FILE | TRUNCATE  # see `memory.forget_peak`
    if os.environ.get("CUDA_VISIBLE_DEVICES") != "-1":
        for name in OF_THE_GRAPHICS_PROCESSOR:
            yield from ((path, DEVICE | READ) for path in Path("/dev").glob(name))
        yield "/proc/driver", READ


def of_python(home: Path, root: Path) -> Iterator[str]:
    """Where Python looks for libraries. A folder that holds the user's home, or our own code and
    with it the workspace, is not among them, even if it is on the path."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    yield from (os.path.join(prefix, name) for prefix in prefixes for name in OF_A_PREFIX)
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = [*sys.path, *map(sysconfig.get_path, names), site.getusersitepackages()]
    yield from without_parents_of((home, root), filter(None, paths))


def without_parents_of(kept: Iterable[Path], folders: Iterable[str]) -> Iterator[str]:
    """The folders that hold none of `kept`, links followed."""
    real = [path.resolve() for path in kept]
    for folder in folders:
        resolved = Path(folder).resolve()
        if not any(path.is_relative_to(resolved) for path in real):
            yield folder


def _searched_by_the_loader(environment: Mapping[str, str]) -> Iterator[str]:
    for name in ("LD_LIBRARY_PATH", "LD_PRELOAD"):
        yield from filter(None, environment.get(name, "").replace(" ", ":").split(":"))
