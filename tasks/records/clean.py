"""`doit clean records`: removes the records that nobody changed."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import SPLITS, Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Removal, Say, forget


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove a project's records that are as they were made, the receipt and log of records, and
    what was remembered of its pictures: what each is, and which were shared out to which record."""
    removal = Removal(workspace.root, dryrun, say)
    receipt = receipts.read(workspace.receipt("records", name), Receipt)
    removal.outputs(receipt, [workspace.record_file(name, split) for split in SPLITS])
    forget(removal, workspace, "records", name)
    if not removal.failures:
        for path in (
            workspace.seen(name),
            workspace.examined(name),
            workspace.shared_out(name),
        ):
            removal.file(path, quiet=True)
            removal.empty_folder(path.parent)
    return removal.failures
