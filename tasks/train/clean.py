"""`doit clean train`: removes what a training left to look at. The training itself, which may have
taken hours, stays and is named."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt
from tasks.core.removal import Removal, Say, forget
from tasks.training.trainers import name_training


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove the results that nobody changed, the shared-out records, and the receipt."""
    removal = Removal(workspace.root, dryrun, say)
    folder, receipt = workspace.training_results(name), workspace.receipt("train", name)
    found = receipts.read(receipt, Receipt)
    removal.outputs(found, [workspace.root / key for key in found.outputs] if found else [])
    for path in sorted(workspace.split(name).glob("*.record")):
        removal.file(path, quiet=True)
    project, _, network = name.partition(":")
    for empty in (folder, folder.parent, folder.parent.parent, folder.parent.parent.parent):
        removal.empty_folder(empty)
    split = workspace.split(name)
    for empty in (split, split.parent, split.parent.parent):
        removal.empty_folder(empty)
    if folder.is_dir():
        removal.name_rest(folder)
    run = workspace.training(project, network)
    name_training(removal, run)
    forget(removal, workspace, "train", name)
    return removal.failures
