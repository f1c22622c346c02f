"""`doit clean compare`: removes the page that compares a project's networks."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Removal, Say, forget


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove the page if nobody changed it, and the receipt and log of compare."""
    removal = Removal(workspace.root, dryrun, say)
    receipt = receipts.read(workspace.receipt("compare", name), Receipt)
    path = workspace.comparison_page(name)
    removal.outputs(receipt, [path])
    removal.empty_folder(path.parent)
    removal.empty_folder(path.parent.parent)
    of_others = [workspace.comparison(name), workspace.data_page(name)]
    removal.name_rest(path.parent, known=[*of_others, *(path.parent / "training").rglob("*")])
    forget(removal, workspace, "compare", name)
    return removal.failures
