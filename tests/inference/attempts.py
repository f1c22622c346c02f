"""What a process that is isolated can still do: tries it all, and prints what came of each as JSON.

Run as a program: `python -m tests.inference.attempts HOW GRANT VICTIM PARENT PORT`. HOW is
`isolated`, `open` for none of it, or the name of what this kernel is to lack. Each attempt is what
native code in a network could do; see test_isolation.py.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from tasks.inference.environment import Permissions
from tasks.inference.isolation import isolate
from tasks.inference.seccomp import (
    ALLOW,
    FAIL,
    IF_EQUAL,
    LOAD,
    NUMBER,
    RETURN,
    SECCOMP,
    column,
    install,
)

ROOT = Path(__file__).parents[2]


def attempts(victim: Path, parent: int, port: int) -> dict[str, Callable[[], object]]:
    """Name → what is tried. `victim` is a folder of the user's."""
    library = ctypes.CDLL(None, use_errno=True)

    def checked(result: int) -> None:
        if result < 0:
            raise OSError(ctypes.get_errno(), "refused")

    def connect(kind: int, address: tuple[str, int] | str, of: int = socket.AF_INET) -> None:
        with socket.socket(of, kind) as one:
            one.connect(address)

    def peek() -> None:
        word = ctypes.create_string_buffer(8)
        vector = (ctypes.c_void_p * 2)(ctypes.addressof(word), 8)
        checked(library.process_vm_readv(parent, vector, 1, vector, 1, 0))

    return {
        "read": lambda: (victim / ".netrc").read_text(),
        "list": lambda: os.listdir(victim),
        "read by a link": lambda: Path(f"/proc/{parent}/root{victim}/.netrc").read_text(),
        "write": lambda: (victim / ".bashrc").write_text("evil"),
        "append": lambda: open(victim / ".bashrc", "ab", buffering=0).write(b"evil"),
        "truncate": lambda: os.truncate(victim / ".bashrc", 0),
        "create": lambda: (victim / "new").touch(),
        "folder": lambda: (victim / "new.d").mkdir(),
        "link": lambda: os.link(victim / ".netrc", victim / "linked"),
        "symlink": lambda: (victim / "pointer").symlink_to("/etc"),
        "mode": lambda: (victim / ".netrc").chmod(0o666),
        "times": lambda: os.utime(victim / ".netrc", (0, 0)),
        "attribute": lambda: os.setxattr(victim / ".netrc", "user.evil", b"1"),
        "rename": lambda: (victim / ".bashrc").rename(victim / "moved"),
        "remove": lambda: (victim / ".netrc").unlink(),
        "temporary file": lambda: Path(f"/tmp/tod-{parent}").write_text("evil"),
        "shared memory": lambda: Path(f"/dev/shm/tod-{parent}").write_text("evil"),
        "memory file": lambda: os.write(os.memfd_create("evil"), b"x" * 4096),
        "terminal": lambda: os.open("/dev/tty", os.O_RDWR),
        "TCP": lambda: connect(socket.SOCK_STREAM, ("127.0.0.1", port)),
        "UDP": lambda: connect(socket.SOCK_DGRAM, ("127.0.0.1", port)),
        "IPv6": lambda: connect(socket.SOCK_STREAM, ("::1", port), socket.AF_INET6),
        "Unix socket": lambda: connect(socket.SOCK_STREAM, str(victim / "socket"), socket.AF_UNIX),
        "abstract socket": lambda: connect(socket.SOCK_STREAM, f"\0tod-{parent}", socket.AF_UNIX),
        "packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
        "io_uring": lambda: checked(library.syscall(425, 8, ctypes.create_string_buffer(120))),
        "program": lambda: subprocess.run(["/bin/true"], check=True),
        "fork": lambda: os.fork() or os._exit(0),
        "namespace": lambda: checked(library.unshare(0x10000000)),
        "signal": lambda: os.kill(parent, 0),
        "signal to the group": lambda: os.kill(0, signal.SIGCONT),
        "signal by descriptor": lambda: signal.pidfd_send_signal(os.pidfd_open(parent), 0),
        "trace": lambda: checked(library.ptrace(16, parent, 0, 0)),
        "memory of the parent": lambda: open(f"/proc/{parent}/mem", "rb").close(),
        "peek at the parent": peek,
        "environment of the parent": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "command of the parent": lambda: Path(f"/proc/{parent}/cmdline").read_bytes(),
        "limits of the parent": lambda: resource.prlimit(parent, resource.RLIMIT_CORE, (0, 0)),
        "keyring": lambda: checked(library.syscall(250, 0, -3, 0)),
        "a gigabyte": lambda: mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE).close(),
        "two thousand files": lambda: [os.open("/dev/null", os.O_RDONLY) for _ in range(2000)],
        "raised limits": lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1)),
        "core dump": lambda: 1 / resource.getrlimit(resource.RLIMIT_CORE)[1],
    }


def needed(isolation: str) -> None:
    """What TensorFlow and Python need must go on.

    Raises:
        OSError, AssertionError: it does not.
    """
    assert Path("/proc/self/statm").read_text()
    assert Path(json.__file__).read_text()
    assert (ROOT / "tasks" / "__init__.py").read_text()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)
    os.urandom(8)
    if "Landlock" in isolation:
        Path("/proc/self/clear_refs").write_text("5")
        Path(os.devnull).write_text("x")
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    left, right = socket.socketpair()
    left.close()
    right.close()


def outcome(attempt: Callable[[], object]) -> str:
    """ "done", or the kind of error that it ended with."""
    try:
        attempt()
    except Exception as error:
        return type(error).__name__
    return "done"


def lack(calls: tuple[int, ...]) -> None:
    """Have the kernel say that it does not know these calls, as older ones do."""
    no = [each for call in calls for each in ((IF_EQUAL, 0, 1, call), (RETURN, 0, 0, FAIL | 38))]
    install([(LOAD, 0, 0, NUMBER), *no, (RETURN, 0, 0, ALLOW)])


def main(how: str, permissions: str, victim: str, parent: str, port: str) -> None:
    lacking = {"without Landlock": (444,), "without seccomp": (SECCOMP[column() or 0],)}
    outcomes = {}
    if how in lacking:
        lack(lacking[how])
    if how != "open":
        outcomes["isolation"] = isolate(msgspec.json.decode(permissions, type=Permissions), ROOT)
        needed(outcomes["isolation"])
    for name, attempt in attempts(Path(victim), int(parent), int(port)).items():
        outcomes[name] = outcome(attempt)
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(*sys.argv[1:])
