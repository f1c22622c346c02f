"""`doit clean scaffold`: removes what scaffold made in a project and nobody changed."""

from __future__ import annotations

from pathlib import Path

from tasks.core import receipts
from tasks.core.paths import SPLITS, Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Removal, Say, forget
from tasks.pipeline.receipts import ScaffoldReceipt
from tasks.scaffold.files import trusted
from tasks.training.trainers import name_training


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove what scaffold made in a project and nobody changed, and the folders that it made and
    that are empty by then. Folders that hold something are the user's from then on."""
    removal = Removal(workspace.root, dryrun, say)
    receipt = trusted(receipts.read(workspace.receipt("scaffold", name), ScaffoldReceipt), name)
    removal.outputs(receipt, [workspace.root / key for key in sorted(receipt.outputs)])
    for key in sorted(receipt.folders, reverse=True):
        removal.empty_folder(workspace.root / key)
    known = _originals(removal, workspace, name)
    for run in sorted(workspace.training(name).glob("*/")):
        known |= name_training(removal, run)
    removal.name_rest(workspace.project(name), _records(removal, workspace, name), known)
    forget(removal, workspace, "scaffold", name)
    return removal.failures


def _originals(removal: Removal, workspace: Workspace, name: str) -> set[Path]:
    """All that was kept when annotations were mended, which is told in a line."""
    folder = workspace.mended(name)
    if not folder.is_dir() or folder.is_symlink():
        return set()
    removal.stay(folder, "it holds the originals of what was mended")
    return {folder, *folder.rglob("*")}


def _records(removal: Removal, workspace: Workspace, name: str) -> dict[Path, str]:
    """The records that are still as they were made, and who removes them."""
    receipt = receipts.read(workspace.receipt("records", name), Receipt)
    paths = [workspace.record_file(name, split) for split in SPLITS] if receipt else []
    return {
        path: f"`doit clean records:{name}` removes it"
        for path in paths
        if receipt and removal.is_ours(receipt, path)
    }
