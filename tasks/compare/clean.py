"""`doit clean compare`: removes the page that compares a project's networks."""

from __future__ import annotations

from pathlib import Path

from tasks.compare.receipt import CompareReceipt
from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.removal import Broom, Say, forget


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove the page that compares a project's networks, and the receipt and log of compare."""
    broom = Broom(workspace.root, dryrun, say)
    receipt = receipts.read(workspace.receipt("compare", name), CompareReceipt)
    written = {receipt.page, receipt.intended} - {""} if receipt else set()
    path = workspace.comparison_page(name)
    changed: dict[Path, str] = {}
    broom.leftovers(path)
    here = broom.see(path)
    if here.is_ours(written):
        broom.file(path)
    elif written and here.kind != "nothing":
        changed[path] = "it was changed"
    broom.empty_folder(path.parent)
    broom.empty_folder(path.parent.parent)
    broom.name_rest(path.parent, changed, known=(workspace.comparison(name),))
    forget(broom, workspace, "compare", name)
    return broom.failures
