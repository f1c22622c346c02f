"""`doit clean compare`: removes the page that compares a project's networks."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Broom, Say, forget


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove the page if nobody changed it, and the receipt and log of compare."""
    broom = Broom(workspace.root, dryrun, say)
    receipt = receipts.read(workspace.receipt("compare", name), Receipt)
    path = workspace.comparison_page(name)
    broom.outputs(receipt, [path])
    broom.empty_folder(path.parent)
    broom.empty_folder(path.parent.parent)
    broom.name_rest(path.parent, known=(workspace.comparison(name),))
    forget(broom, workspace, "compare", name)
    return broom.failures
