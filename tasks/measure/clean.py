"""`doit clean measure`: removes a project's comparison, and what was saved on the way to it."""

from __future__ import annotations

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.removal import NAME, Removal, Say, forget, named
from tasks.inference.results import MeasureReceipt


def clean(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove a project's comparison if it is as it was written, what was saved of its networks and
    pictures, and the receipt and logs of measure."""
    removal = Removal(workspace.root, dryrun, say)
    receipt = receipts.read(workspace.receipt("measure", name), MeasureReceipt)
    path = workspace.comparison(name)
    removal.outputs(receipt, [path])
    shared = _measured_by_others(workspace, name)
    for network in receipt.networks if receipt else ():
        if not NAME.fullmatch(network):
            continue
        removal.file(workspace.log("measure", f"{name}-{network}"), quiet=True)
        if network not in shared:
            removal.file(workspace.network_notes(network), quiet=True)
    removal.file(workspace.project_notes(name), quiet=True)
    removal.file(workspace.notes_found_whole(name), quiet=True)
    removal.file(workspace.cluster_report(name), quiet=True)
    removal.file(workspace.examined(name), quiet=True)  # pictures are examined again, if need be
    removal.empty_folder(path.parent)
    removal.empty_folder(path.parent.parent)
    forget(removal, workspace, "measure", name)
    return removal.failures


def _measured_by_others(workspace: Workspace, project: str) -> set[str]:
    """The networks that other projects have run: what is saved of a network is for all projects."""
    found = set[str]()
    for other in named(workspace, "measure") - {project}:
        receipt = receipts.read(workspace.receipt("measure", other), MeasureReceipt)
        found.update(receipt.networks if receipt else ())
    return found
