"""`doit clean`: all that is left of the build once each step has cleaned for each name that the
configuration has."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

from tasks.compare.clean import clean as clean_compare
from tasks.core.inspect import is_link, shown
from tasks.core.paths import Cache, Workspace
from tasks.core.removal import NAME, Broom, Say, named
from tasks.core.staging import strays
from tasks.extract.clean import clean as clean_extract
from tasks.measure.clean import clean as clean_measure
from tasks.records.clean import clean as clean_records
from tasks.scaffold.clean import clean as clean_scaffold
from tasks.smoke.clean import clean as clean_smoke

NETWORK_STEPS = ("download", "verify", "extract")
PROJECT_STEPS = ("scaffold", "records", "measure", "compare")
STAGING = re.compile(rf"\.({NAME.pattern})\.staging-")
# What the build keeps under .tod/, besides doit's database.
STATE = ("config.json", "zoo.lock.guard", "logs/*.log", "local/*.json", "turns/*", "**/.*.tmp")
SEEN = "records/*.json"  # see `Workspace.seen`
MEASURED = ("measured/networks/*.json", "measured/projects/*.json", "measured/scenes*/*")
SHIPPED = ("README.md",)
CACHE_FOLDERS = ("archives", "partial", "damaged", "refused", "pictures", "locks")


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
    own_networks = _others(workspace, (*NETWORK_STEPS, "smoke"), networks)
    own_projects = _others(workspace, PROJECT_STEPS, projects)
    for name in own_networks:
        failures += clean_extract(workspace, name, dryrun, say)
        failures += clean_smoke(workspace, name, dryrun, say)
    for name in own_projects:
        failures += clean_compare(workspace, name, dryrun, say)
        failures += clean_measure(workspace, name, dryrun, say)
        failures += clean_records(workspace, name, dryrun, say)
        failures += clean_scaffold(workspace, name, dryrun, say)
    broom = Broom(workspace.root, dryrun, say)
    _sweep_pre_trained(broom, workspace, {*networks, *own_networks})
    _sweep_state(broom, workspace, {*networks, *own_networks}, {*projects, *own_projects})
    _say_what_stays(workspace, cache, say)
    return failures + broom.failures


def _others(workspace: Workspace, steps: Collection[str], but: Collection[str]) -> list[str]:
    """The names that have a receipt of one of these steps, and are not among `but`."""
    return sorted(set().union(*(named(workspace, step) for step in steps)) - {*but})


def clean_database(workspace: Workspace) -> None:
    """Remove doit's database, once doit has closed it, and `.tod` if nothing else is there."""
    broom = Broom(workspace.root, False, lambda line: None)
    for path in _database(workspace):
        broom.file(path)
    broom.empty_folder(workspace.state)


def _database(workspace: Workspace) -> set[Path]:
    """doit's database, and what SQLite puts beside it."""
    return set(workspace.state.glob(workspace.doit_state.name + "*"))


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
