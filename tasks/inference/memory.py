"""How much memory this process holds, and held at most."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def forget_peak() -> None:
    """Start measuring anew. Linux only (`proc(5)`, clear_refs); elsewhere the peak stays."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> int | None:
    """Bytes held at most since `forget_peak`, or since the start; None if not known."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def beyond(before: int | None) -> int:
    """Bytes held now beyond those held `before`; 0 if not known."""
    held = now()
    return 0 if held is None or before is None else max(0, held - before)


def now() -> int | None:
    """Bytes held at this moment; None if not known. Linux only (`proc(5)`, statm)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError, ValueError):
        return None
