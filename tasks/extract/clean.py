"""`doit clean extract`: removes the files of a network that nobody changed, and with them what
download and verify noted of it."""

from __future__ import annotations

from pathlib import Path

from tasks.core import receipts
from tasks.core.ownership import is_below, is_link, is_via_link
from tasks.core.paths import Workspace
from tasks.core.removal import Removal, Say, forget
from tasks.core.staging import strays
from tasks.pipeline.receipts import ExtractReceipt

NOTED_BY = ("download", "verify", "extract")


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove an extracted network: the files that are as they were extracted, empty folders,
    leftovers of an extraction, and the receipts and logs of download, verify and extract."""
    removal = Removal(workspace.root, dryrun, say)
    folder = workspace.network(name)
    if is_link(folder) or is_via_link(workspace.root, folder):
        removal.stay(folder, "a link leads there, and nothing is removed through a link")
        return removal.failures
    for staging in strays(workspace.staging(name)):
        removal.tree(staging)
    changed = _sweep_network(removal, workspace, name)
    removal.empty_folders(folder)
    removal.name_rest(folder, changed)
    for step in NOTED_BY:
        forget(removal, workspace, step, name)
    removal.file(workspace.local_record(name), quiet=True)
    return removal.failures


def _sweep_network(removal: Removal, workspace: Workspace, name: str) -> dict[Path, str]:
    """Remove the files that are still as recorded; give back the others, with the reason."""
    receipt = receipts.read(workspace.receipt("extract", name), ExtractReceipt)
    folder, removed = workspace.network(name), 0
    changed: dict[Path, str] = {}
    for key, record in (receipt.files if receipt else {}).items():
        if not is_below(name, f"{name}/{key}"):
            continue
        path = folder / key
        here = removal.see(path)
        if here.is_ours((record.sha256,)) and not here.via_link:
            removed += removal.file(path, quiet=True)
        elif here.kind != "nothing":
            changed[path] = "it was changed"
    if removed:
        removal.tell(folder, f"({removed} file{'s' * (removed > 1)})")
    return changed
