"""`doit clean plot`: removes the plot if it is as it was drawn."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Broom, Say, forget
from tasks.plot.step import KINDS


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove the plot, its receipt and its log; give back what could not be removed."""
    broom = Broom(workspace.root, dryrun, say)
    receipt = receipts.read(workspace.receipt("plot", name), Receipt)
    broom.outputs(receipt, map(workspace.plot, KINDS))
    broom.empty_folder(workspace.plot(KINDS[0]).parent)
    forget(broom, workspace, "plot", name)
    return broom.failures
