"""`doit clean export`: removes the archive and its entry in the catalogue."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Removal, Say, forget


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove the export that nobody changed, and the receipt and log of export."""
    removal = Removal(workspace.root, dryrun, say)
    archive = workspace.exported(name)
    receipt = receipts.read(workspace.receipt("export", name), Receipt)
    removal.outputs(receipt, [archive, workspace.export_entry(name)])
    removal.empty_folder(archive.parent)
    forget(removal, workspace, "export", name)
    return removal.failures
