"""`doit clean extract`: removes the files of a network that nobody changed, and with them what
download and verify noted of it."""

from __future__ import annotations

from pathlib import Path

from tasks.core import receipts
from tasks.core.inspect import is_below, is_link, is_via_link
from tasks.core.paths import Workspace
from tasks.core.removal import Broom, Say, forget
from tasks.core.staging import strays
from tasks.pipeline.receipts import ExtractReceipt

NOTED_BY = ("download", "verify", "extract")


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove an extracted network: the files that are as they were extracted, empty folders,
    leftovers of an extraction, and the receipts and logs of download, verify and extract."""
    broom = Broom(workspace.root, dryrun, say)
    folder = workspace.network(name)
    if is_link(folder) or is_via_link(workspace.root, folder):
        broom.stay(folder, "a link leads there, and nothing is removed through a link")
        return broom.failures
    for staging in strays(workspace.staging(name)):
        broom.tree(staging)
    changed = _sweep_network(broom, workspace, name)
    broom.empty_folders(folder)
    broom.name_rest(folder, changed)
    for step in NOTED_BY:
        forget(broom, workspace, step, name)
    broom.file(workspace.local_record(name), quiet=True)
    return broom.failures


def _sweep_network(broom: Broom, workspace: Workspace, name: str) -> dict[Path, str]:
    """Remove the files that are still as recorded; give back the others, with the reason."""
    receipt = receipts.read(workspace.receipt("extract", name), ExtractReceipt)
    folder, removed = workspace.network(name), 0
    changed: dict[Path, str] = {}
    for key, record in (receipt.files if receipt else {}).items():
        if not is_below(name, f"{name}/{key}"):
            continue
        path = folder / key
        here = broom.see(path)
        if here.is_ours((record.sha256,)) and not here.via_link:
            removed += broom.file(path, quiet=True)
        elif here.kind != "nothing":
            changed[path] = "it was changed"
    if removed:
        broom.tell(folder, f"({removed} file{'s' * (removed > 1)})")
    return changed
