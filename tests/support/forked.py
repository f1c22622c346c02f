"""Many commands in one process: Python and doit start once, and each command is a fork of it.

    python -m tests.support.forked FOLDER STREAM < commands.json

`FOLDER` gets `<number>.out` and `<number>.err` for each command; what it ended with is written to
standard output as JSON. `STREAM` says what a command's standard output is: `file`, `full` (a device
without room), `left` (a pipe whose reader is gone) or `closed` (there is none).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path


def open_stream(kind: str, path: Path) -> int:
    if kind == "full":
        return os.open("/dev/full", os.O_WRONLY)
    if kind == "left":
        reader, writer = os.pipe()
        os.close(reader)
        return writer
    return os.open(path, os.O_WRONLY | os.O_CREAT)


def child(words: list[str], folder: Path, number: int, kind: str) -> None:
    """Become a `doit` as if it had just been started."""
    os.dup2(open_stream(kind, folder / f"{number}.out"), 1)
    os.dup2(open_stream("file", folder / f"{number}.err"), 2)
    if kind == "closed":
        os.close(1)
        sys.stdout = None  # as Python finds it
    sys.argv = ["doit", *words]


def main() -> int:
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    from doit.doit_cmd import DoitMain

    codes = []
    for number, told in enumerate(json.load(sys.stdin)):
        words = [os.fsdecode(word.encode()) for word in told]  # as the system hands them over
        process = os.fork()
        if not process:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            child(words, folder, number, kind)
            return DoitMain().run(words) or 0
        codes.append(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
    json.dump(codes, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
