"""`doit clean smoke`: removes what a network's run left."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Broom, Say, forget


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove a network's smoke results that nobody changed, and the receipt and log of smoke."""
    broom = Broom(workspace.root, dryrun, say)
    folder = workspace.results(name)
    receipt = receipts.read(workspace.receipt("smoke", name), Receipt)
    broom.outputs(receipt, [workspace.smoke_json(name), workspace.smoke_picture(name)])
    broom.empty_folder(folder)
    broom.empty_folder(folder.parent)
    broom.name_rest(folder)
    forget(broom, workspace, "smoke", name)
    return broom.failures
