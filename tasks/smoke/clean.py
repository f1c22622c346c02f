"""`doit clean smoke`: removes what a network's run left."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Removal, Say, forget


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove a network's smoke results that nobody changed, and the receipt and log of smoke."""
    removal = Removal(workspace.root, dryrun, say)
    folder = workspace.results(name)
    receipt = receipts.read(workspace.receipt("smoke", name), Receipt)
    removal.outputs(receipt, [workspace.smoke_json(name), workspace.smoke_picture(name)])
    removal.empty_folder(folder)
    removal.empty_folder(folder.parent)
    removal.name_rest(folder)
    forget(removal, workspace, "smoke", name)
    return removal.failures
