"""Why the process is no more, in one line."""

from __future__ import annotations

import signal
from pathlib import Path

from tasks.core.errors import NetworkError
from tasks.inference.printed import last_line


def death(network: str, code: int, limit: float | None, log: Path) -> NetworkError:
    """Say why the process is no more: its time was over (`limit`), a signal, or an exit code."""
    if limit is not None:
        todo = f"raise smoke_timeout in config/workspace.toml, or see {log}"
        return NetworkError(network, f"it did not answer within {limit:g} seconds", todo)
    last = last_line(log)
    said = f": {last}" if last else ""
    if code == 0:
        why = "TensorFlow's process ended before it had answered (exit code 0)"
    elif code > 0:
        why = f"TensorFlow's process ended with exit code {code}{said}"
    elif -code == 9:
        why = "TensorFlow's process was killed by signal 9: out of memory?"
    elif -code == signal.SIGILL:
        why = "TensorFlow's process was killed by signal 4: made for another kind of processor?"
    else:
        why = f"TensorFlow's process was killed by signal {-code} ({_signal_name(-code)}){said}"
    return NetworkError(network, why, f"details: {log}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
