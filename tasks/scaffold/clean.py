"""`doit clean scaffold`: removes what scaffold made in a project and nobody changed."""

from __future__ import annotations

from pathlib import Path

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.removal import Broom, Say, forget, record_files
from tasks.pipeline.receipts import ScaffoldReceipt
from tasks.scaffold.plan import trusted, written_at


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove what scaffold made in a project and nobody changed, and the folders that it made and
    that are empty by then. Folders that hold something are the user's from then on."""
    broom = Broom(workspace.root, dryrun, say)
    receipt = trusted(receipts.read(workspace.receipt("scaffold", name), ScaffoldReceipt), name)
    changed: dict[Path, str] = {}
    for key in sorted({*receipt.files, *receipt.intended}):
        path = workspace.root / key
        here = broom.see(path)
        if here.is_ours(written_at(receipt, key)):
            broom.file(path)
        elif here.kind != "nothing":
            changed[path] = "it was changed"
        if key in receipt.intended:
            broom.leftovers(path)
    for key in sorted(receipt.folders, reverse=True):
        broom.empty_folder(workspace.root / key)
    for path in record_files(broom, workspace, name)[0]:
        changed[path] = f"`doit clean records:{name}` removes it"
    broom.name_rest(workspace.project(name), changed)
    forget(broom, workspace, "scaffold", name)
    return broom.failures
