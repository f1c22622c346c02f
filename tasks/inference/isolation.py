"""Shut this process in, before any network is loaded: a SavedModel is a program.

Its operations can read and write files and reach the network, and native code could be had to do
anything that this process may do. So the process gives up, for good and for all its threads,
whatever it does not need. It is done before TensorFlow is imported, while there is one thread.
"""

from __future__ import annotations

import ctypes
import os
import re
import site
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from tasks.inference import landlock, seccomp
from tasks.inference.environment import Permissions
from tasks.inference.landlock import DEVICE, READ, TRUNCATE, WRITE, WRITE_FILE, Rule
from tasks.inference.machine import total_memory

NONE = "none on this platform"

SYSTEM_PATHS = (
    *("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/share", "/lib", "/lib32", "/lib64"),
    *("/usr/local/lib", "/usr/local/lib64", "/nix/store", "/gnu/store", "/opt/rocm", "/opt/cuda"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/sys"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)
GPU_DEVICES = ("nvidia*", "dri", "kfd", "dxg")
PREFIX_FOLDERS = ("lib", "lib64", "bin", "share", "ssl")
OUR_PACKAGES = ("tasks", "embedded")

MOST_MEMORY = 0.8
"""Part of the machine's memory that may be taken."""
MOST_OPEN_FILES = 1024
LARGEST_FILE = 16 << 30
"""Bytes of a file, where files may be written at all."""

DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
KEPT_CAPABILITIES = 1 << DAC_OVERRIDE | 1 << DAC_READ_SEARCH
"""Capabilities that root keeps: in a container, root reads files that belong to others."""
CAPABILITY_VERSION = 0x20080522
CAPABILITIES = "=6I"  # effective, permitted, inheritable; then those above 31 likewise


def isolate(permissions: Permissions, root: Path) -> str:
    """Allow this process what it needs, what is permitted, and nothing else; say what holds it.
    `root` is the folder of our own packages."""
    permitted = [(path, READ) for path in permissions.reads]
    permitted += [(path, READ | WRITE) for path in permissions.writes]
    set_limits(may_write=bool(permissions.writes), memory=permissions.memory)
    drop_capabilities()
    try:
        version = landlock.restrict([*_required(root, Path(permissions.home)), *permitted])
    except OSError:
        version = 0
    read_only = not version and not permissions.writes
    return describe(version, seccomp=seccomp.restrict(read_only=read_only), read_only=read_only)


def describe(version: int, *, seccomp: bool, read_only: bool = False) -> str:
    """What holds the process, in words; `version` is Landlock's, 0 if it does not hold."""
    parts = [f"files (Landlock {version})"] if version else []
    if seccomp:
        parts.append(f"{'writing, ' if read_only else ''}network and processes (seccomp)")
    elif version >= 4:
        parts.append(f"TCP (Landlock {version})")
    return ", ".join(parts) or NONE


def _required(root: Path, home: Path) -> Iterator[Rule]:
    """What Python, TensorFlow and our own code need."""
    ours = (root / name for name in OUR_PACKAGES)
    cuda = Path("/usr/local").glob("cuda*")
    loaded = " ".join(os.environ.get(name, "") for name in ("LD_LIBRARY_PATH", "LD_PRELOAD"))
    libraries = filter(None, re.split("[ :]", loaded))
    readable = chain[str | Path](ours, SYSTEM_PATHS, cuda, python_folders(home, root), libraries)
    yield from ((path, READ) for path in readable)
    yield "/dev/null", DEVICE
    yield "/proc/self/clear_refs", WRITE_FILE | TRUNCATE  # see `machine.reset_peak_memory`
    if os.environ.get("CUDA_VISIBLE_DEVICES") != "-1":
        for name in GPU_DEVICES:
            yield from ((path, DEVICE | READ) for path in Path("/dev").glob(name))
        yield "/proc/driver", READ


def python_folders(home: Path, root: Path) -> Iterator[str]:
    """Where Python looks for libraries. A folder that holds the user's home, or our own code and
    with it the workspace, is not among them, even if it is on the path."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    yield from (os.path.join(prefix, name) for prefix in prefixes for name in PREFIX_FOLDERS)
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


def set_limits(*, may_write: bool, memory: int = 0) -> None:
    """Limit memory, the sizes of files, open files and core dumps. Linux only, but for the dumps:
    elsewhere the limits do not count what their names say, or are not tested. `memory` is in bytes;
    0 for `MOST_MEMORY` of the machine's."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = {resource.RLIMIT_CORE: 0}
    if sys.platform == "linux":
        limits[resource.RLIMIT_FSIZE] = LARGEST_FILE if may_write else 0
        limits[resource.RLIMIT_NOFILE] = MOST_OPEN_FILES
        # Of the address space only what is private and writable counts: what is only reserved, as
        # TensorFlow reserves far more than it uses, does not.
        if most := memory or int(total_memory() * MOST_MEMORY):
            limits[resource.RLIMIT_DATA] = most
        with suppress(OSError):  # should memory run out all the same, this process is to go first
            Path("/proc/self/oom_score_adj").write_text("1000")
    for which, most in limits.items():
        _, hard = resource.getrlimit(which)
        lowered = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (lowered, lowered))


def drop_capabilities() -> None:
    """Give up what makes root more than a user, but for reading what is somebody else's."""
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITY_VERSION, 0))
    held = ctypes.create_string_buffer(struct.calcsize(CAPABILITIES))
    if library.capget(header, held):
        return
    effective, permitted, *_ = struct.unpack(CAPABILITIES, held)
    permitted &= KEPT_CAPABILITIES
    kept = (effective & permitted, permitted, 0, 0, 0, 0)
    library.capset(header, struct.pack(CAPABILITIES, *kept))
