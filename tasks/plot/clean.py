"""`doit clean plot`: removes the plot if it is as it was drawn."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Removal, Say, forget
from tasks.plot.step import KINDS


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove the plot, its receipt and its log; give back what could not be removed."""
    removal = Removal(workspace.root, dryrun, say)
    receipt = receipts.read(workspace.receipt("plot", name), Receipt)
    removal.outputs(receipt, map(workspace.plot, KINDS))
    removal.empty_folder(workspace.plot(KINDS[0]).parent)
    forget(removal, workspace, "plot", name)
    return removal.failures
