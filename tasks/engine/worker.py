"""The process that imports TensorFlow: takes orders on stdin, gives answers on stdout.

Started by `child.Child` as a file, not as a module: the workspace's own folder then stays behind
all others on the path, so that no file of the user's shadows a library.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[2]))

import msgspec
from msgspec.structs import replace

from tasks.engine import memory
from tasks.engine.messages import Answer, Doing, FaultError, Hello, Message, Order, Part, Talk

Say = Callable[[Message], None]


def private_channel() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdin and stdout for the two processes; everybody else writes to the log.

    What C++ or a network's own graph prints goes to file descriptor 1, so moving Python's
    `sys.stdout` would not do. Descriptor 0 becomes the null device: on Windows, a library that
    looks at stdin while another thread reads it waits for ever.
    """
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return orders, answers


def log_to(path: Path) -> None:
    """From here on, all that is printed goes to this file, which starts empty."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def arriving(stream: BinaryIO) -> queue.SimpleQueue[bytes]:
    """The lines of `stream`. At its end the process ends at once, even while TensorFlow runs:
    nobody is left to read the answer."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Without Python's garbage collector: importing TensorFlow and loading a network make millions
    of objects that all stay, and looking through them again and again takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def import_tensorflow() -> str:
    """Import TensorFlow; the reason if that fails, else ""."""
    try:
        with no_collection():
            import tensorflow  # noqa: F401

            gc.freeze()
    except Exception as error:  # whatever a broken installation raises
        traceback.print_exc()
        return f"{type(error).__name__}: {error}".partition("\n")[0]
    return ""


def handler_of(order: Order) -> Callable[[bytes, Talk], msgspec.Struct]:
    """The function that an order names."""
    module, _, name = order.handler.partition(":")
    handler: Callable[[bytes, Talk], msgspec.Struct] = getattr(import_module(module), name)
    return handler


def answer(order: Order, say: Say) -> Answer:
    """Carry out an order, whatever comes of it."""
    talk = Talk(
        phase=lambda doing: say(Doing(doing)),
        part=lambda part: say(Part(msgspec.Raw(msgspec.json.encode(part)))),
    )
    try:
        with no_collection():
            done = handler_of(order)(order.body, talk)
        return Answer(body=msgspec.Raw(msgspec.json.encode(done)))
    except FaultError as fault:
        traceback.print_exc()
        return Answer(why=fault.why, todo=fault.todo, passing=fault.passing)
    except MemoryError:
        traceback.print_exc()
        return Answer(why="there is not enough memory to run it", passing=True)


def main() -> None:
    """Serve until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; the parent decides
    orders, answers = private_channel()
    lines = arriving(orders)

    def say(message: Message) -> None:
        answers.write(msgspec.json.encode(message) + b"\n")
        answers.flush()

    fault = import_tensorflow()
    at_first = memory.now()
    say(Hello(fault=fault))
    while not fault:
        order = msgspec.json.decode(lines.get(), type=Order)
        log_to(Path(order.log))
        done = answer(order, say)
        gc.collect()  # a network is full of cycles
        say(replace(done, left=memory.beyond(at_first)))


if __name__ == "__main__":
    main()
