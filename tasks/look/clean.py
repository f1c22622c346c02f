"""`doit clean look`: removes the page about a project's pictures."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Removal, Say, forget


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove the page if nobody changed it, and the receipt and log of look."""
    removal = Removal(workspace.root, dryrun, say)
    path = workspace.data_page(name)
    removal.outputs(receipts.read(workspace.receipt("look", name), Receipt), [path])
    removal.empty_folder(path.parent)
    removal.empty_folder(path.parent.parent)
    forget(removal, workspace, "look", name)
    return removal.failures
