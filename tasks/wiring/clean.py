"""`doit clean`: each step undoes what it made; then all that is left of the build goes too."""

from __future__ import annotations

import atexit
import os
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from tasks.config.types import Config
from tasks.console.output import say
from tasks.core.ownership import is_link
from tasks.core.paths import Cache, Workspace, default_cache
from tasks.core.removal import NAME, Removal, Say, named
from tasks.core.staging import strays
from tasks.core.text import printable
from tasks.pipeline.job import ZOO
from tasks.pipeline.step import AnyStep
from tasks.wiring.registry import STEPS

STAGING = re.compile(rf"\.({NAME.pattern})\.staging(?:-|$)")
# What the build keeps under .tod/, besides doit's database.
STATE = (
    *(
        "config.json",
        "zoo.lock.guard",
        "logs/*",
        "local/*.json",
        "local/place",
        "turns/*",
        "**/.*.tmp",
    ),
    "training/*/*/*.record",
    "pictures/*.json",
)

SEEN = "records/*.json"  # see `Workspace.seen`
MEASURED = ("measured/networks/*.json", "measured/projects/*.json", "measured/scenes*/*")
SHIPPED = ("README.md",)
CACHE_FOLDERS = ("archives", "partial", "damaged", "refused", "pictures", "locks")


def clean_step(
    step: AnyStep, workspace: Workspace, names: Iterable[str], dryrun: bool, tell: Say = say
) -> list[str]:
    """Undo a step for these names; give back what could not be removed, one line each."""
    if step.clean is None:
        return []
    clean = step.clean()
    return [failure for name in names for failure in clean(workspace, name, dryrun, tell)]


def clean_everything(config: Config, workspace: Workspace, dryrun: bool) -> list[str]:
    """Reset the workspace, all in one: one thing that can't be removed does not keep the rest."""
    said, failures = set[str](), list[str]()

    def tell(line: str) -> None:  # no line twice: steps share folders, and each names what stays
        if line not in said:
            said.add(line)
            say(line)

    for step in reversed(STEPS):
        failures += clean_step(step, workspace, step.wanted(config), dryrun, tell)
    cache = Cache(default_cache())
    failures += clean_rest(workspace, cache, config.wanted, list(config.projects), dryrun, tell)
    if not (dryrun or failures):
        atexit.register(clean_database, workspace)  # doit still has it open
    if not (said or failures):
        say("nothing to remove")
    return failures


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
    known: dict[str, set[str]] = {
        "network": {*networks},
        "project": {*projects},
        "training": set(),
        "workspace": {ZOO},
    }
    failures = []
    for step in STEPS:
        known[step.scope] |= named(workspace, step.title)
    for step in reversed(STEPS):
        others = sorted(known[step.scope] - {*networks, *projects, ZOO})
        failures += clean_step(step, workspace, others, dryrun, say)
    removal = Removal(workspace.root, dryrun, say)
    _sweep_pre_trained(removal, workspace, known["network"])
    _sweep_state(removal, workspace, known)
    _say_what_stays(workspace, cache, say)
    return failures + removal.failures


def clean_database(workspace: Workspace) -> None:
    """Remove doit's database, once doit has closed it, and `.tod` if nothing else is there."""
    removal = Removal(workspace.root, False, lambda line: None)
    for path in _database(workspace):
        removal.file(path)
    removal.empty_folder(workspace.state)


def _database(workspace: Workspace) -> set[Path]:
    """doit's database, and what SQLite puts beside it."""
    return set(workspace.state.glob(workspace.doit_state.name + "*"))


def _sweep_pre_trained(removal: Removal, workspace: Workspace, named: Collection[str]) -> None:
    """Remove leftovers of extractions; name what the build did not put there."""
    folder = workspace.pre_trained
    if is_link(folder) or not folder.is_dir():
        return
    for name in sorted(
        {match[1] for path in folder.iterdir() if (match := STAGING.match(path.name))}
    ):
        for staging in strays(workspace.staging(name)):
            removal.tree(staging)
    known = {folder / name for name in (*named, *SHIPPED)}
    for path in sorted(set(folder.iterdir()) - known - removal.gone):
        removal.stay(path, "it is not known to be made by the build")
    removal.empty_folder(folder)


def _sweep_state(
    removal: Removal, workspace: Workspace, names: Mapping[str, Collection[str]]
) -> None:
    """Remove logs, locks and the like; receipts went with what they stand for.

    Args:
        names: scope of a step → the names that were cleaned.
    """
    known = {workspace.state} | _database(workspace) | set(_state_of(workspace, names))
    for staging in strays(workspace.scenes_staging):
        removal.tree(staging)
    for pattern in (*STATE, *MEASURED, SEEN):
        for path in sorted(set(workspace.state.glob(pattern)) - known):
            removal.file(path, quiet=True)
    for folder, _, _ in os.walk(workspace.state, topdown=False):
        if Path(folder) != workspace.state:
            removal.empty_folder(Path(folder))
    removal.name_rest(workspace.state, known=known)


def _state_of(workspace: Workspace, names: Mapping[str, Collection[str]]) -> Iterator[Path]:
    """The files under .tod/ that the steps' own cleaning takes care of."""
    for step in STEPS:
        for name in names[step.scope]:
            yield workspace.receipt(step.title, name)
            yield workspace.log(step.title, name)
    yield from map(workspace.local_record, names["network"])
    yield from map(workspace.seen, names["project"])


def _say_what_stays(workspace: Workspace, cache: Cache, say: Say) -> None:
    if workspace.lock_file.exists():
        say(f"kept {printable(workspace.lock_file.relative_to(workspace.root))}: what was trusted")
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
