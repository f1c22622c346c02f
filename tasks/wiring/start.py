"""What happens before the first task is declared."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from doit.control import ExecNode
from doit.dependency import SqliteDB
from doit.exceptions import InvalidDodoFile

from tasks.config.load import load
from tasks.config.types import Config
from tasks.core.errors import TodError, UsageError, disk_error
from tasks.core.files import make_folders
from tasks.core.paths import Workspace, default_cache
from tasks.wiring import database as state
from tasks.wiring import order, strict
from tasks.wiring.registry import BY_NAME


def start(workspace: Workspace) -> tuple[Config, dict[str, str]]:
    """Change doit where it has to be changed, and load the configuration.

    Returns:
        The configuration; the words of the command line that call a network otherwise (see
        `aliases`): tasks are declared before doit tells what it was asked for.

    Raises:
        InvalidDodoFile: a fault of the configuration or of the folder; doit prints it without a
            traceback and ends with exit code 3.
    """
    order.forgive(ExecNode)
    strict.change_commands()
    try:
        if not workspace.config.is_dir():
            todo = "run doit in a checkout, or name one with `--dir`"
            raise UsageError(str(Path.cwd()), "there is no config/ in this folder", todo)
        config = load(workspace)
        make_folders(workspace.state)
        if "TOD_CACHE" in os.environ:
            default_cache()  # what can't be a folder ends the run here
        return config, aliases(sys.argv[1:], config)
    except TodError as error:
        raise InvalidDodoFile(str(error)) from None
    except OSError as error:
        raise InvalidDodoFile(str(disk_error("workspace", error))) from None


def database(workspace: Workspace) -> str:
    """Where doit is to keep its database; see `state`."""
    state.forgive(SqliteDB)
    return state.place(workspace.doit_state)


def aliases(words: Iterable[str], config: Config) -> dict[str, str]:
    """The words that call a network by its title, archive or address: word → name of the task.

    Raises:
        UsageError: a word is `<step>:<name>`, and nothing or more than one thing has this name;
            doit would only say that there is no such task.
    """
    found = {}
    for word in words:
        step, colon, name = word.partition(":")
        scope = BY_NAME[step].scope if colon and step in BY_NAME else "workspace"
        known: Collection[str] = config.projects if scope == "project" else config.networks
        if scope != "workspace" and "*" not in name and name not in known:
            from tasks.wiring import commands

            if scope == "project":
                raise commands.unknown(word, name, known)
            found[word] = f"{step}:{commands.find(name, config).name}"
    return found
