"""`doit clean`: takes away what the build made and nobody changed; names whatever stays.

Each function cleans one thing and gives back what it could not remove, one line each. With
`dryrun` it only tells. Receipts say what is ours; since they can be damaged or forged, a path of a
receipt counts only inside the folder that its step writes to, a file only if its content is still
the recorded one, and nothing is ever removed through a link. Receipts go last, and stay when
something could not be removed: cleaning again then goes on where it stopped.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

from tasks.core import receipts
from tasks.core.inspect import is_below, is_link, is_via_link, shown
from tasks.core.paths import SPLITS, Cache, Workspace
from tasks.core.receipts import (
    CompareReceipt,
    ExtractReceipt,
    MeasureReceipt,
    RecordFile,
    RecordsReceipt,
    ScaffoldReceipt,
)
from tasks.core.removal import Broom, Say
from tasks.core.staging import strays
from tasks.scaffold.plan import trusted, written_at

NETWORK_STEPS = ("download", "verify", "extract")
PROJECT_STEPS = ("scaffold", "records", "measure", "compare")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
STAGING = re.compile(rf"\.({NAME.pattern})\.staging-")
# What the build keeps under .tod/, besides doit's database.
STATE = ("config.json", "zoo.lock.guard", "logs/*.log", "local/*.json", "turns/*", "**/.*.tmp")
SEEN = "records/*.json"  # see `Workspace.seen`
MEASURED = ("measured/networks/*.json", "measured/projects/*.json", "measured/scenes*/*")
SHIPPED = ("README.md",)
CACHE_FOLDERS = ("archives", "partial", "damaged", "refused", "pictures", "locks")


def clean_network(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
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
    for step in NETWORK_STEPS:
        _forget(broom, workspace, step, name)
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


def clean_smoke(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove a network's smoke results, and the receipt and log of smoke."""
    broom = Broom(workspace.root, dryrun, say)
    folder = workspace.results(name)
    for path in (workspace.smoke_json(name), workspace.smoke_picture(name)):
        broom.leftovers(path)
        broom.file(path)
    broom.empty_folder(folder)
    broom.empty_folder(folder.parent)
    broom.name_rest(folder)
    _forget(broom, workspace, "smoke", name)
    return broom.failures


def clean_project(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
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
    for path in _records(broom, workspace, name)[0]:
        changed[path] = f"`doit clean records:{name}` removes it"
    broom.name_rest(workspace.project(name), changed)
    _forget(broom, workspace, "scaffold", name)
    return broom.failures


def clean_records(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove a project's records that are as they were made, and the receipt and log of records."""
    broom = Broom(workspace.root, dryrun, say)
    ours, changed = _records(broom, workspace, name)
    for path in ours:
        broom.file(path)
    for path in changed:
        broom.stay(path, "it was changed")
    for split in SPLITS:
        broom.leftovers(workspace.record_file(name, split))
    _forget(broom, workspace, "records", name)
    if not broom.failures:
        broom.file(workspace.seen(name), quiet=True)
        broom.empty_folder(workspace.seen(name).parent)
    return broom.failures


def clean_measure(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
    """Remove a project's comparison if it is as it was written, what was noted of its networks and
    pictures, and the receipt and logs of measure."""
    broom = Broom(workspace.root, dryrun, say)
    receipt = receipts.read(workspace.receipt("measure", name), MeasureReceipt)
    path = workspace.comparison(name)
    here = broom.see(path)
    if receipt is not None and here.is_ours({receipt.sha256, receipt.intended} - {""}):
        broom.file(path)
    elif here.kind != "nothing":
        broom.stay(path, "it was changed")
    broom.leftovers(path)
    shared = _measured_by_others(workspace, name)
    for network in receipt.networks if receipt else ():
        if not NAME.fullmatch(network):
            continue
        broom.file(workspace.log("measure", f"{name}-{network}"), quiet=True)
        if network not in shared:
            broom.file(workspace.network_notes(network), quiet=True)
    broom.file(workspace.project_notes(name), quiet=True)
    broom.file(workspace.notes_found_whole(name), quiet=True)
    broom.empty_folder(path.parent)
    broom.empty_folder(path.parent.parent)
    _forget(broom, workspace, "measure", name)
    return broom.failures


def _measured_by_others(workspace: Workspace, project: str) -> set[str]:
    """The networks that other projects have run: what is noted of a network is all projects'."""
    found = set[str]()
    for other in _named(workspace, ("measure",), [project]):
        receipt = receipts.read(workspace.receipt("measure", other), MeasureReceipt)
        found.update(receipt.networks if receipt else ())
    return found


def _records(broom: Broom, workspace: Workspace, name: str) -> tuple[list[Path], list[Path]]:
    """The records that we wrote: those that nobody changed since, and the others."""
    receipt = receipts.read(workspace.receipt("records", name), RecordsReceipt)
    ours, changed = list[Path](), list[Path]()
    for split in SPLITS:
        recorded = receipt.splits.get(split, RecordFile()) if receipt else RecordFile()
        written = {recorded.sha256, recorded.intended} - {""}
        path = workspace.record_file(name, split)
        here = broom.see(path)
        if here.is_ours(written):
            ours.append(path)
        elif written and here.kind != "nothing":
            changed.append(path)
    return ours, changed


def clean_compare(workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
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
    _forget(broom, workspace, "compare", name)
    return broom.failures


def clean_rest(
    workspace: Workspace,
    cache: Cache,
    networks: Collection[str],
    projects: Collection[str],
    dryrun: bool,
    say: Say,
) -> list[str]:
    """Remove all that is left of the build: networks and projects that have receipts and are not
    among `networks` and `projects` (those are cleaned by tasks of their own), leftovers of
    extractions, and the build's state but for doit's database, which is open; see `clean_database`.
    """
    failures = []
    own_networks = _named(workspace, (*NETWORK_STEPS, "smoke"), networks)
    own_projects = _named(workspace, PROJECT_STEPS, projects)
    for name in own_networks:
        failures += clean_network(workspace, name, dryrun, say)
        failures += clean_smoke(workspace, name, dryrun, say)
    for name in own_projects:
        failures += clean_compare(workspace, name, dryrun, say)
        failures += clean_measure(workspace, name, dryrun, say)
        failures += clean_records(workspace, name, dryrun, say)
        failures += clean_project(workspace, name, dryrun, say)
    broom = Broom(workspace.root, dryrun, say)
    _sweep_pre_trained(broom, workspace, {*networks, *own_networks})
    _sweep_state(broom, workspace, {*networks, *own_networks}, {*projects, *own_projects})
    _say_what_stays(workspace, cache, say)
    return failures + broom.failures


def clean_database(workspace: Workspace) -> None:
    """Remove doit's database, once doit has closed it, and `.tod` if nothing else is there."""
    broom = Broom(workspace.root, False, lambda line: None)
    for path in _database(workspace):
        broom.file(path)
    broom.empty_folder(workspace.state)


def _database(workspace: Workspace) -> set[Path]:
    """doit's database, and what SQLite puts beside it."""
    return set(workspace.state.glob(workspace.doit_state.name + "*"))


def _named(workspace: Workspace, steps: Collection[str], but: Collection[str]) -> list[str]:
    """The names that have a receipt of one of these steps; what is no name is no receipt."""
    folders = [workspace.receipt(step, "x").parent for step in steps]
    found = {path.stem for folder in folders for path in folder.glob("*.json")}
    return sorted(name for name in found if NAME.fullmatch(name) and name not in but)


def _forget(broom: Broom, workspace: Workspace, step: str, name: str) -> None:
    """Remove the receipt and the log of a step, unless something before could not be removed."""
    if broom.failures:
        return
    receipt, log = workspace.receipt(step, name), workspace.log(step, name)
    whole = workspace.whole_list(step, name)
    for path in (receipt, log, whole):
        broom.leftovers(path)
    broom.file(receipt)
    for path in (log, whole):
        broom.file(path, quiet=True)
    for folder in (receipt.parent, receipt.parent.parent, log.parent):
        broom.empty_folder(folder)


def _sweep_pre_trained(broom: Broom, workspace: Workspace, named: Collection[str]) -> None:
    """Remove leftovers of extractions; name what the build did not put there."""
    folder = workspace.pre_trained
    if is_link(folder) or not folder.is_dir():
        return
    for name in sorted(
        {match[1] for path in folder.iterdir() if (match := STAGING.match(path.name))}
    ):
        for staging in strays(workspace.staging(name)):
            broom.tree(staging)
    known = {folder / name for name in (*named, *SHIPPED)}
    for path in sorted(set(folder.iterdir()) - known - broom.gone):
        broom.stay(path, "it is not known to be made by the build")
    broom.empty_folder(folder)


def _sweep_state(
    broom: Broom, workspace: Workspace, networks: Collection[str], projects: Collection[str]
) -> None:
    """Remove logs, locks and the like; receipts went with what they stand for."""
    known = {workspace.state} | _database(workspace) | set(_state_of(workspace, networks, projects))
    for staging in strays(workspace.scenes_staging):
        broom.tree(staging)
    for pattern in (*STATE, *MEASURED, SEEN):
        for path in sorted(set(workspace.state.glob(pattern)) - known):
            broom.file(path, quiet=True)
    for folder, _, _ in os.walk(workspace.state, topdown=False):
        if Path(folder) != workspace.state:
            broom.empty_folder(Path(folder))
    broom.name_rest(workspace.state, known=known)


def _state_of(
    workspace: Workspace, networks: Collection[str], projects: Collection[str]
) -> Iterator[Path]:
    """The files under .tod/ that the cleaning of these networks and projects takes care of."""
    pairs = [(step, name) for step in (*NETWORK_STEPS, "smoke") for name in networks]
    pairs += [(step, name) for step in PROJECT_STEPS for name in projects]
    for step, name in pairs:
        yield workspace.receipt(step, name)
        yield workspace.log(step, name)
    yield workspace.receipt("plot", "zoo")
    yield workspace.log("plot", "zoo")
    yield from map(workspace.local_record, networks)
    yield from map(workspace.seen, projects)


def _say_what_stays(workspace: Workspace, cache: Cache, say: Say) -> None:
    if workspace.lock_file.exists():
        say(f"kept {shown(workspace.lock_file.relative_to(workspace.root))}: what was trusted")
    if folders := _cache_folders(cache):
        command = "rmdir /s /q" if os.name == "nt" else "rm -r"
        places = " ".join(shlex.quote(str(folder)) for folder in folders)
        say(f"kept the archive cache, which all workspaces share; to empty it: {command} {places}")


def _cache_folders(cache: Cache) -> list[Path]:
    """What to remove to empty the cache: its folder, unless the user keeps other things there."""
    try:
        names = {path.name for path in cache.root.iterdir()}
    except OSError:
        return []
    ours = sorted(names & set(CACHE_FOLDERS))
    return [cache.root] if ours and names <= set(CACHE_FOLDERS) else [cache.root / n for n in ours]
