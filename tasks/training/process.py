"""A trainer's process: started, listened to, stopped.

It is stopped by SIGTERM, on which it leaves a checkpoint and ends; Ctrl-C reaches it at once, as it
does this process. Where this process is killed, the trainer finds nobody listening at its next
message, and ends likewise.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from tasks.core.errors import TrainingError
from tasks.core.temporary import no_link
from tasks.inference.environment import HOMES, is_passed
from tasks.training.messages import End, Fault, Told

DEVICES = ("TF_CONFIG", "TPU_NAME")  # which other machines and devices train along
KILLED = 9  # Windows has no such signal
LEAVING = 120.0
"""Seconds that a trainer is given to write its last checkpoint."""


def listen(
    name: str,
    module: str,
    request: Path,
    log: Path,
    environment: Mapping[str, str],
    take: Callable[[Told], None],
) -> End:
    """Run `python -m MODULE REQUEST` and hand on what it tells, until its end.

    Args:
        name: whom the training is of, for messages.
        log: where it prints to.

    Raises:
        TrainingError: it could not go on, or ended without a word.
        OSError: it can't be started, or the log not be written.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab", opener=no_link) as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=printed,
            env=environment,
        )
        try:
            return _listen(name, process, log, take)
        finally:
            _leave(process)


def _listen(
    name: str, process: subprocess.Popen[bytes], log: Path, take: Callable[[Told], None]
) -> End:
    assert process.stdout is not None
    for line in process.stdout:
        try:
            told = msgspec.json.decode(line, type=Told)
        except msgspec.DecodeError as error:
            why = f"its trainer told something that can't be read ({error})"
            raise TrainingError(name, why, f"{log.as_posix()} has more") from error
        if isinstance(told, Fault):
            raise TrainingError(name, told.why, f"{log.as_posix()} has more")
        if isinstance(told, End):
            return told
        take(told)
    raise TrainingError(name, _how_it_ended(process.wait()), f"{log.as_posix()} has more")


def _how_it_ended(code: int) -> str:
    if code in (-KILLED, 128 + KILLED):
        return "its trainer was killed by signal 9: out of memory? A smaller batch_size needs less"
    if code < 0:
        return f"its trainer was killed by signal {-code}"
    return f"its trainer ended without a word (exit code {code})"


def _leave(process: subprocess.Popen[bytes]) -> None:
    """Have the process ended, in any case; one that trains still is given time for a checkpoint."""
    assert process.stdout is not None
    if process.poll() is None:
        process.terminate()
        try:
            process.communicate(timeout=LEAVING)
        except subprocess.TimeoutExpired:
            process.kill()
    process.stdout.close()
    process.wait()


def environment(packages: Path | None = None) -> dict[str, str]:
    """The variables of a trainer: those of this process that TensorFlow or Python heed, no tokens;
    our own modules are found before all others, then those of the training packages."""
    root = Path(__file__).resolve().parents[2]
    folders = [root, *([packages] if packages else [])]
    before = os.environ.get("PYTHONPATH", "")
    passed = {n: v for n, v in os.environ.items() if is_passed(n, v) or n in (*HOMES, *DEVICES)}
    return {
        "TF_ENABLE_ONEDNN_OPTS": "1",  # off by default on some processors, where it saves a third
        **passed,
        "PYTHONPATH": os.pathsep.join([*map(str, folders), *([before] if before else [])]),
        "PYTHONUNBUFFERED": "1",
    }
