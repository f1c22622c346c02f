"""What this process may take of the machine, and its privileges: lowered for good."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

from tasks.inference.machine import total_memory

MOST_MEMORY = 0.8
"""Part of the machine's memory that may be taken."""
MOST_OPEN_FILES = 1024
LARGEST_FILE = 16 << 30
"""Bytes of a file, where files may be written at all."""

DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
KEPT = 1 << DAC_OVERRIDE | 1 << DAC_READ_SEARCH
"""Capabilities that root keeps: in a container, root reads files that belong to others."""
CAPABILITY_VERSION = 0x20080522


def set_limits(*, may_write: bool, memory: int = 0) -> None:
    """Limit memory, the sizes of files, open files and core dumps. Linux only, but for the dumps:
    elsewhere the limits do not count what their names say, or are not tested.

    Args:
        memory: bytes; 0 for `MOST_MEMORY` of the machine's.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    _lower(resource.RLIMIT_CORE, 0)
    if sys.platform != "linux":
        return
    # Of the address space only what is private and writable counts: what is only reserved, as
    # TensorFlow reserves far more than it uses, does not.
    if most := memory or int(total_memory() * MOST_MEMORY):
        _lower(resource.RLIMIT_DATA, most)
    _lower(resource.RLIMIT_FSIZE, LARGEST_FILE if may_write else 0)
    _lower(resource.RLIMIT_NOFILE, MOST_OPEN_FILES)
    with suppress(OSError):  # should memory run out all the same, this process is to go first
        Path("/proc/self/oom_score_adj").write_text("1000")


def _lower(which: int, most: int) -> None:
    import resource

    _, hard = resource.getrlimit(which)
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (least, least))


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("process", ctypes.c_int))


class _Capabilities(ctypes.Structure):
    """Two words for each set of capabilities."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def drop_capabilities() -> None:
    """Give up what makes root more than a user, but for reading what is somebody else's."""
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(CAPABILITY_VERSION, 0), (_Capabilities * 2)()
    if library.capget(ctypes.byref(header), ctypes.byref(sets)):
        return
    for number, each in enumerate(sets):
        each.permitted &= KEPT if number == 0 else 0
        each.effective &= each.permitted
        each.inheritable = 0
    library.capset(ctypes.byref(header), ctypes.byref(sets))
