"""What happens before the first task is declared."""

from __future__ import annotations

import os
from collections.abc import Container
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from doit.exceptions import InvalidCommand, InvalidDodoFile

from tasks.config.load import load
from tasks.config.types import Config
from tasks.core.errors import TodError, UsageError, disk_error
from tasks.core.files import make_folders
from tasks.core.paths import Workspace, default_cache
from tasks.wiring import doit_hooks
from tasks.wiring.registry import BY_NAME, STEPS


def start(workspace: Workspace) -> Config:
    """Load the configuration, and change doit where it has to be changed.

    Raises:
        InvalidDodoFile: a fault of the configuration or of the folder; doit prints it without a
            traceback and ends with exit code 3.
    """
    try:
        if not workspace.config.is_dir():
            todo = "run doit in a checkout, or name one with `--dir`"
            raise UsageError(str(Path.cwd()), "there is no config/ in this folder", todo)
        config = load(workspace)
        make_folders(workspace.state)
        if "TOD_CACHE" in os.environ:
            default_cache()  # what can't be a folder ends the run here
    except TodError as error:
        raise InvalidDodoFile(str(error)) from None
    except OSError as error:
        raise InvalidDodoFile(str(disk_error("workspace", error))) from None
    doit_hooks.change_doit(
        partial(full_names, config=config),
        workspace.doit_state,
        before_steps=partial(note_if_moved, config, workspace),
    )
    return config


def note_if_moved(config: Config, workspace: Workspace) -> None:
    """Have the cache know where the workspace lies now."""
    from tasks.pipeline import cache_users
    from tasks.pipeline.job import WorkspaceJob

    cache_users.note_if_moved(WorkspaceJob(config, workspace))


def full_names(word: str, config: Config, *, is_run: bool = False) -> list[str]:
    """The tasks that a word of the command line means: `<step>:` and a network's title, archive or
    address, or a pattern of titles; for a run, also a project or a network by itself. Any other
    word is given back as it is.

    Raises:
        InvalidCommand: nothing or more than one thing has this name; doit would only say that there
            is no such task.
    """
    step, colon, name = word.partition(":")
    scope = BY_NAME[step].scope if colon and step in BY_NAME else None
    project, network = name, name
    if scope == "training":
        project, _, network = name.partition(":")
    if scope is None and is_run and "*" not in word:
        return tasks_by_default(word, config) or [word]
    if scope is None or ("*" in project and scope != "network"):
        return [word]
    from tasks.wiring import names

    before = f"{step}:{project}:" if scope == "training" else f"{step}:"
    if "*" in network:
        is_of_names = any(fnmatchcase(known, network) for known in config.networks)
        fitting = () if is_of_names else names.matching(network, config)
        return [f"{before}{one}" for one in fitting] or [word]
    try:
        if scope == "training" and (near := _trainings_like(name, config)):
            near = [f"{step}:{one}" for one in near]
            raise UsageError(word, "nothing has this name", f"did you mean {' or '.join(near)}?")
        if scope in ("project", "training") and project not in config.projects:
            raise names.unknown(word, project, config.projects)
        if scope in ("network", "training") and network and network not in config.networks:
            network = names.find(network, config).name
    except UsageError as error:
        raise InvalidCommand(str(error)) from None
    return [f"{before}{network}"] if scope in ("network", "training") and network else [word]


def tasks_by_default(word: str, config: Config) -> list[str]:
    """What a bare doit does for the project and its networks, or the network, that a word names;
    nothing if it names neither.

    Raises:
        InvalidCommand: the word may be several networks.
    """
    if word in config.projects:
        whom = (word, *config.projects[word].all_networks)
    else:
        from tasks.wiring import names

        whom = names.called(word, config)
        if len(whom) > 1:
            raise InvalidCommand(str(names.ambiguous(word, whom)))
    return [
        f"{step.name}:{name}"
        for step in STEPS
        for name in whom
        if step.is_default and name in _names_of(step.scope, config)
    ]


def _names_of(scope: str, config: Config) -> Container[str]:
    return config.networks if scope == "network" else config.projects


def _trainings_like(name: str, config: Config) -> list[str]:
    """The trainings, `project:network`, that were meant by the network alone, or by the name of
    what is exported from them."""
    return [
        f"{project.name}:{network}"
        for project in config.projects.values()
        for network in project.networks
        if name in (network, f"{project.name}-{network}") and name not in config.projects
    ]
