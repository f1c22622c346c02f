"""`doit clean records`: removes the records that nobody changed."""

from __future__ import annotations

from tasks.core.paths import SPLITS, Workspace
from tasks.core.removal import Broom, Say, forget, record_files


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove a project's records that are as they were made, and the receipt and log of records."""
    broom = Broom(workspace.root, dryrun, say)
    ours, changed = record_files(broom, workspace, name)
    for path in ours:
        broom.file(path)
    for path in changed:
        broom.stay(path, "it was changed")
    for split in SPLITS:
        broom.leftovers(workspace.record_file(name, split))
    forget(broom, workspace, "records", name)
    if not broom.failures:
        broom.file(workspace.seen(name), quiet=True)
        broom.empty_folder(workspace.seen(name).parent)
    return broom.failures
