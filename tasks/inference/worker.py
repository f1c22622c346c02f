"""The process that imports TensorFlow: takes requests on stdin, replies on stdout (`channel`).

Started by `child.Child` as a file, not as a module: the workspace's own folder then stays behind
all others on the path, so that no file of the user's shadows a library.
"""

from __future__ import annotations

import compileall
import contextlib
import gc
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import BinaryIO

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[2]))

import msgspec
from msgspec.structs import replace

from tasks.inference import landlock
from tasks.inference.channel import (
    FaultError,
    Message,
    PartialResult,
    PhaseStarted,
    Ready,
    Reply,
    Request,
    Updates,
)
from tasks.inference.environment import take_permissions
from tasks.inference.isolation import OUR_PACKAGES, isolate
from tasks.inference.machine import used_memory

ROOT = Path(__file__).resolve().parents[2]

Send = Callable[[Message], None]


def private_channel() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdin and stdout for the two processes; everybody else prints to the log, on 2.

    What C++ or a network's own graph prints goes to file descriptor 1, so moving Python's
    `sys.stdout` would not do. Descriptor 0 becomes the null device: on Windows, a library that
    looks at stdin while another thread reads it waits for ever.
    """
    requests, messages = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, messages


def received_lines(stream: BinaryIO) -> queue.SimpleQueue[bytes]:
    """The lines of `stream`. At its end the process ends at once, even while TensorFlow runs:
    the build that would read the reply is gone."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        with contextlib.suppress(OSError):  # the connection is reset
            for line in stream:
                lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Without Python's garbage collector: loading a network makes millions of objects that all
    stay, and looking through them again and again takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def isolate_process() -> str:
    """Give up what is not needed; what holds this process from here on, in words.

    What would be imported from folders that can't be listed any more is imported before. Python is
    given a temporary folder, which it would look for by writing into several.
    """
    import embedded  # noqa: F401

    permissions = take_permissions(os.environ)
    tempfile.tempdir = os.environ.get("TMPDIR")
    if not sys.dont_write_bytecode:
        compile_modules()
    if permissions.home and landlock.version():
        with contextlib.suppress(OSError):  # nothing could be put there; so nothing is left behind
            Path(os.environ["HOME"]).rmdir()
    return isolate(permissions, ROOT)


def compile_modules() -> None:
    """Leave compiled what this process, which may not write there, would compile at each start: our
    own modules, and TensorFlow's where the installer has left that to the first import; another
    process does that import."""
    for name in OUR_PACKAGES:
        compileall.compile_dir(ROOT / name, quiet=2)
    found = find_spec("tensorflow")
    if found is None or found.origin is None:
        return
    compiled = Path(cache_from_source(found.origin))
    if not compiled.exists() and os.access(compiled.parents[1], os.W_OK):
        subprocess.run(
            [
                sys.executable,
                "-P",
                "-c",
                "import sys; sys.modules['keras'] = None; import tensorflow",
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )


def import_tensorflow() -> str:
    """Import TensorFlow; the reason if that fails, else ""."""
    try:
        import embedded.without_keras  # noqa: F401

        gc.freeze()
    except Exception as error:  # whatever a broken installation raises
        traceback.print_exc()
        return f"{type(error).__name__}: {error}".partition("\n")[0]
    return ""


def carry_out(request: Request, send: Send) -> Reply:
    """Have the handler carry out a request, whatever comes of it."""
    updates = Updates(
        phase=lambda name: send(PhaseStarted(name, request.token)),
        partial=lambda result: send(PartialResult(encoded(result), request.token)),
    )
    try:
        with no_collection():
            module, _, name = request.handler.partition(":")
            return Reply(body=encoded(getattr(import_module(module), name)(request.body, updates)))
    except FaultError as fault:
        traceback.print_exc()
        return Reply(why=fault.why, todo=fault.todo, transient=fault.transient)
    except MemoryError:
        traceback.print_exc()
        return Reply(why="there is not enough memory to run it", transient=True)


def encoded(result: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(result))


def main() -> None:
    """Serve until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; the parent decides
    requests, messages = private_channel()
    isolation = isolate_process()
    lines = received_lines(requests)

    def send(message: Message) -> None:
        messages.write(msgspec.json.encode(message) + b"\n")
        messages.flush()

    fault = import_tensorflow()
    at_first = used_memory() or 0
    send(Ready(fault=fault, isolation=isolation))
    while not fault:
        request = msgspec.json.decode(lines.get(), type=Request)
        reply = carry_out(request, send)
        gc.collect()  # a network is full of cycles
        sys.stdout.flush()
        sys.stderr.flush()
        left = max(0, (used_memory() or 0) - at_first)
        send(replace(reply, left=left, token=request.token))


if __name__ == "__main__":
    main()
