"""Whether an extracted network is still what its receipt says, found out by a stat a file."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from tasks.core.paths import Workspace
from tasks.core.receipts import read
from tasks.pipeline.receipts import ExtractReceipt, FileRecord

Difference = Literal["missing", "changed"]


def differences(folder: Path, files: Mapping[str, FileRecord]) -> dict[str, Difference]:
    """The files below `folder` that are missing, or whose size or mtime is not the recorded one.

    Content that was changed while size and mtime were kept goes unseen here; extraction restores
    whole-second mtimes, so any ordinary write is seen.
    """
    found: dict[str, Difference] = {}
    for path, record in files.items():
        try:
            status = os.lstat(f"{folder}/{path}")  # a join of paths takes longer than the stat
        except OSError:
            found[path] = "missing"
            continue
        same = status.st_size == record.size and status.st_mtime_ns == record.mtime * 10**9
        if not (same and stat.S_ISREG(status.st_mode)):
            found[path] = "changed"
    return found


def receipt_of(workspace: Workspace, network: str) -> ExtractReceipt | None:
    """The receipt of a network that was extracted, or None (also if extraction was deferred)."""
    receipt = read(workspace.receipt("extract", network), ExtractReceipt)
    return receipt if receipt is not None and receipt.status == "done" else None
