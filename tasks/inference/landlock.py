"""Linux's Landlock: what this process may do to files from here on, it and all its threads.

What is not allowed is refused by the kernel; nothing that runs later in this process, be it native
code, can take it back. The calls have no names in the C library, so they are made by number. One
that the kernel refuses is an OSError.

Source: https://docs.kernel.org/userspace-api/landlock.html. Not handled by Landlock, see `seccomp`:
modes, owners, times and extended attributes of files; sockets other than TCP.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress

CREATE, ADD_RULE, RESTRICT = 444, 445, 446  # the same on every architecture that TensorFlow runs on
VERSION = 1  # flag: which version of the interface the kernel has
PATH_BENEATH = 1
NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = READ_FILE | READ_DIR
WRITE = (1 << 15) - 1 - EXECUTE  # to make, remove, rename and truncate, too
DEVICE = READ_FILE | WRITE_FILE | IOCTL_DEV
BIND_AND_CONNECT = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights to files that a version of the interface knows; version 4 is as 3."""

Rule = tuple[str | bytes | os.PathLike[str], int]


def version() -> int:
    """The kernel's version of the interface; 0 if it has none, or has it turned off."""
    if sys.platform != "linux":
        return 0
    try:
        return _call(CREATE, None, 0, VERSION)
    except OSError:
        return 0


def restrict(rules: Iterable[Rule]) -> int:
    """Allow nothing but these rights, each for a file or for all below a folder; no TCP, and no
    signals to other processes, as far as the kernel knows how. A path that is not there, or that
    can't be looked at, is left out. Gives back the version of the interface; 0 if nothing was
    restricted."""
    known = version()
    if not known:
        return 0
    handled = RIGHTS[max(number for number in RIGHTS if number <= known)]
    # `struct landlock_ruleset_attr`, of which old kernels know fewer fields.
    fields = [handled]
    fields += [BIND_AND_CONNECT] if known >= 4 else []
    fields += [ABSTRACT_SOCKETS_AND_SIGNALS] if known >= 6 else []
    ruleset = _call(CREATE, struct.pack(f"={len(fields)}Q", *fields), 8 * len(fields), 0)
    try:
        for path, rights in rules:
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                _allow(ruleset, path, rights & handled)
        no_new_privileges()
        _call(RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)
    return known


def no_new_privileges() -> None:
    """What Landlock and seccomp want first: no program that is run gets more rights than ours."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")


def _allow(ruleset: int, path: str | bytes | os.PathLike[str], rights: int) -> None:
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(folder).st_mode):
            rights &= FILE_RIGHTS
        rule = struct.pack("=Qi", rights, folder)  # `struct landlock_path_beneath_attr`
        _call(ADD_RULE, ruleset, PATH_BENEATH, rule, 0)
    finally:
        os.close(folder)


def _call(number: int, *arguments: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    words = (ctypes.c_long(each) if isinstance(each, int) else each for each in arguments)
    result = library.syscall(ctypes.c_long(number), *words)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return int(result)
