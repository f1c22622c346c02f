"""`doit clean trainer`: has the packages checked again. They stay in the cache, for all
workspaces."""

from __future__ import annotations

from tasks.core.paths import Workspace
from tasks.core.removal import Removal, Say, forget


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove the receipt and the log; give back what could not be removed."""
    removal = Removal(workspace.root, dryrun, say)
    forget(removal, workspace, "trainer", name)
    return removal.failures
