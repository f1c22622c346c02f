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
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.checkouts import ROOT, Checkout


class Ended(NamedTuple):
    """A command that ended: its exit code, and what it wrote."""

    code: int
    out: bytes
    err: bytes


def run_all(
    checkout: Checkout,
    folder: Path,
    commands: Sequence[Sequence[str]],
    stream: str = "file",
    **environment: str,
) -> list[Ended]:
    """Run commands of doit one after the other; `folder` and `stream` as the module says."""
    folder.mkdir(parents=True, exist_ok=True)
    driver = subprocess.run(
        [sys.executable, "-m", "tests.support.forked", folder, stream],
        cwd=checkout.root,
        env={**os.environ, **checkout.environment, "PYTHONPATH": str(ROOT), **environment},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=checkout.patience,
        check=True,
    )
    return [
        Ended(code, _read(folder / f"{number}.out"), _read(folder / f"{number}.err"))
        for number, code in enumerate(json.loads(driver.stdout))
    ]


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


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
