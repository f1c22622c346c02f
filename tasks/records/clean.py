"""`doit clean records`: removes the records that nobody changed."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import SPLITS, Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Broom, Say, forget


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove a project's records that are as they were made, and the receipt and log of records."""
    broom = Broom(workspace.root, dryrun, say)
    receipt = receipts.read(workspace.receipt("records", name), Receipt)
    broom.outputs(receipt, [workspace.record_file(name, split) for split in SPLITS])
    forget(broom, workspace, "records", name)
    if not broom.failures:
        broom.file(workspace.seen(name), quiet=True)
        broom.empty_folder(workspace.seen(name).parent)
    return broom.failures
