"""Linux's seccomp: calls that the kernel refuses from here on, to this process and all its threads.

It holds what Landlock does not look at: every kind of socket, other processes, the modes, owners
and times of files. Nothing that an honest network does needs any of it.

Source: https://docs.kernel.org/userspace-api/seccomp_filter.html; the numbers are those of the
kernel's own tables, for x86-64 and for arm64.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

from tasks.inference.landlock import no_new_privileges

DENIED = {
    # The network, and what goes round it.
    "socket": (41, 198),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # New processes; threads are no processes, see CLONE_THREAD.
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "unshare": (272, 97),
    "setns": (308, 268),
    # Other processes.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # The kernel itself, and its keys.
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # Files that Landlock does not look at, or not in this way.
    "open_by_handle_at": (304, 265),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
}
CHANGES = {
    "creat": (85, None),
    "link": (86, None),
    "linkat": (265, 37),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "rmdir": (84, None),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "truncate": (76, 45),
    "unlink": (87, None),
    "unlinkat": (263, 35),
}
"""Where Landlock does not guard the files, and none is to be written, these are denied, too."""
OPEN, OPENAT, OPENAT2 = (2, None), (257, 56), (437, 437)
FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
KILL, TGKILL, PRLIMIT = (62, 129), (234, 131), (302, 261)
CLONE, CLONE3, SECCOMP = (56, 220), (435, 435), (317, 277)
CLONE_THREAD = 0x10000

COLUMN = {"x86_64": 0, "aarch64": 1}
AUDIT_ARCH = (0xC000003E, 0xC00000B7)
X32 = 0x40000000  # x86-64's second set of numbers for the same calls

LOAD, IF_EQUAL, IF_AT_LEAST, IF_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, (16, 24, 32)  # places in `struct seccomp_data`
ALLOW, FAIL = 0x7FFF0000, 0x00050000
SET_MODE_FILTER = 1
SPEC_ALLOW = 4  # else older kernels slow the processor down for this process

Instruction = tuple[int, int, int, int]


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def restrict(*, read_only: bool = False) -> bool:
    """Have the kernel refuse these calls from here on, and with `read_only` all that change files;
    false if it can't, or if the numbers of the calls are not known here."""
    known = column()
    return known is not None and install(filter_of(known, os.getpid(), read_only=read_only))


def column() -> int | None:
    """Where this machine's numbers stand in the tables above; None if they don't."""
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return None
    return COLUMN.get(platform.machine())


def install(instructions: list[Instruction]) -> bool:
    """Have the kernel run this filter for each call from here on; false if it can't."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    program = Program(len(instructions), code)
    library = ctypes.CDLL(None, use_errno=True)
    number = ctypes.c_long(SECCOMP[COLUMN[platform.machine()]])
    try:
        no_new_privileges()
    except OSError:
        return False
    mode, flags = ctypes.c_long(SET_MODE_FILTER), ctypes.c_long(SPEC_ALLOW)
    return bool(library.syscall(number, mode, flags, ctypes.byref(program)) == 0)


def filter_of(column: int, process: int, *, read_only: bool = False) -> list[Instruction]:
    """The filter as (operation, how many to skip if so, how many to skip if not, operand)."""
    instructions = [
        (LOAD, 0, 0, ARCHITECTURE),
        (IF_EQUAL, 1, 0, AUDIT_ARCH[column]),
        _fail(errno.EPERM),
        (LOAD, 0, 0, NUMBER),
        (IF_AT_LEAST, 0, 1, X32),
        _fail(errno.EPERM),
    ]
    itself = (IF_EQUAL, process)
    # A call, and what is done if it is made, which ends in allowing or refusing it. The flags of
    # clone3 and openat2 lie in memory, where no filter can look; the C library does without them.
    rules = [
        *((numbers, [_fail(errno.EPERM)]) for numbers in DENIED.values()),
        (CLONE3, [_fail(errno.ENOSYS)]),
        (CLONE, _allow_if_any([(IF_SET, CLONE_THREAD)])),
        (KILL, _allow_if_any([itself])),
        (TGKILL, _allow_if_any([itself])),
        (PRLIMIT, _allow_if_any([itself, (IF_EQUAL, 0)])),  # 0 is itself, too
    ]
    if read_only:
        rules += [(numbers, [_fail(errno.EPERM)]) for numbers in CHANGES.values()]
        rules += [(OPEN, _deny_if(1, FOR_WRITING)), (OPENAT, _deny_if(2, FOR_WRITING))]
        rules.append((OPENAT2, [_fail(errno.ENOSYS)]))
    for numbers, rule in rules:
        if (number := numbers[column]) is not None:
            instructions += [(IF_EQUAL, 0, len(rule), number), *rule]
    return [*instructions, (RETURN, 0, 0, ALLOW)]


def _allow_if_any(tests: list[tuple[int, int]]) -> list[Instruction]:
    """Allow the call if one of the tests of its first argument holds."""
    checks = [(test, len(tests) - at, 0, operand) for at, (test, operand) in enumerate(tests)]
    return [(LOAD, 0, 0, ARGUMENTS[0]), *checks, _fail(errno.EPERM), (RETURN, 0, 0, ALLOW)]


def _deny_if(argument: int, flags: int) -> list[Instruction]:
    """Refuse the call if one of these flags is set in this argument."""
    load, check = (LOAD, 0, 0, ARGUMENTS[argument]), (IF_SET, 0, 1, flags)
    return [load, check, _fail(errno.EACCES), (RETURN, 0, 0, ALLOW)]


def _fail(error: int) -> Instruction:
    return RETURN, 0, 0, FAIL | error
