"""`doit clean plot`: removes the plot if it is as it was drawn."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.removal import Broom, Say, forget
from tasks.plot.receipt import PlotReceipt
from tasks.plot.step import KINDS


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove the plot, its receipt and its log; give back what could not be removed."""
    broom = Broom(workspace.root, dryrun, say)
    receipt = receipts.read(workspace.receipt("plot", name), PlotReceipt)
    for kind in KINDS:
        path, drawn = workspace.plot(kind), receipt.written_at(kind) if receipt else set[str]()
        here = broom.see(path)
        if drawn and here.is_ours(drawn):
            broom.file(path)
        elif drawn and here.kind != "nothing":
            broom.stay(path, "it was changed")
        broom.leftovers(path)
    broom.empty_folder(workspace.plot(KINDS[0]).parent)
    forget(broom, workspace, "plot", name)
    return broom.failures
