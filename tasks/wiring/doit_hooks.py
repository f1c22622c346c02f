"""What this build changes in doit: three methods, where they stand, and the database.

doit takes classes of ours only from an installed project (see docs/decisions/0005-doit-hooks.md).
The tasks say in their `meta` what the changed methods need to know.

The database only saves time: what is done is known from the receipts. Left alone, doit ends with a
traceback where it is damaged, can't be written, or is locked by another doit (which holds it for
the rest of its run once one of its tasks has failed). So no fault of it ends a run here.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from fnmatch import fnmatchcase
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import Any

from doit import Globals, doit_cmd
from doit.cmd_base import NamespaceTaskLoader
from doit.cmd_info import Info
from doit.cmd_run import Run
from doit.control import ExecNode
from doit.dependency import Dependency, SqliteDB
from doit.exceptions import InvalidCommand
from doit.loader import generate_tasks

from tasks.pipeline.job import ZOO
from tasks.wiring.registry import BY_NAME

TABLE = "create table if not exists doit (task_id text not null primary key, task_data json)"

# Of these the file's content is not the cause; the rest of SQLite's codes mean that it is.
OUT_OF_REACH = (
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)

# In a task's meta, names of other tasks:
SURVIVES = "survives"  # they come before it, and may fail
FOLLOWS = "follows"  # they come before it if they are asked for, and may fail
# In the meta of a step's task, yes or no:
AGAIN = "again"  # `doit -a` asked for it
NAMED = "named"  # it was named on the command line, or its network was

RUN: list[str] = []
"""The words that this process's `doit run` was asked with; none for all that a bare doit does."""
OF_SEVERAL: set[str] = set()
"""Names of tasks that no word of the command line names, but a pattern of titles, or a project."""


def change_doit(
    full_names: Callable[..., list[str]], database: Path, before_steps: Callable[[], None]
) -> None:
    """Change doit. `full_names` gives the tasks for a word of the command line that names none; it
    is told whether they are to be run. `before_steps` is called before a run that is no command.

    doit finds out the names of a command's options by looking at its method, so the new one wraps
    it.
    """
    NamespaceTaskLoader.load_tasks = _load_tasks(
        NamespaceTaskLoader.load_tasks, full_names, database
    )
    Run._execute = _run(Run._execute, before_steps)
    ExecNode.parent_status = _parent_status(ExecNode.parent_status)


def _load_tasks(load: Any, full_names: Callable[..., list[str]], database: Path) -> Any:
    """All of doit's commands load the tasks. Here they get a stream to write to also where standard
    output was closed (`>&-`), our database, and the full names of what was asked for; `doit info`
    says that there is no such task, for it would end with a traceback."""

    def load_tasks(self: Any, cmd: Any, pos_args: list[str]) -> Any:
        cmd.outstream = cmd.outstream or sys.stdout
        use_database(cmd, database)
        give_values_back(pos_args, sys.argv[1:], doit_cmd._CMDLINE_VARS or {})
        if pos_args:
            cmd.sel_default_tasks, cmd.sel_tasks = False, pos_args
        tasks = with_those_needed(load(self, cmd, pos_args), pos_args)
        by_name = {task.name: task for task in tasks}
        for number, word in reversed([*enumerate(_words_of_tasks(pos_args, by_name))]):
            if word not in by_name:
                pos_args[number : number + 1] = found = full_names(
                    word, is_run=isinstance(cmd, Run)
                )
                if "*" in word or len({task.partition(":")[2] for task in found}) > 1:
                    OF_SEVERAL.update(found)
        if isinstance(cmd, Info) and len(pos_args) == 1 and pos_args[0] not in by_name:
            raise InvalidCommand(not_found=pos_args[0])
        return tasks

    return load_tasks


def _words_of_tasks(words: Iterable[str], by_name: Mapping[str, Any]) -> Iterator[str]:
    """The words up to the first that is a command: those behind it are its own."""
    for word in words:
        yield word
        if word in by_name and by_name[word].pos_arg:
            return


def with_those_needed(tasks: list[Any], words: Collection[str]) -> list[Any]:
    """The tasks, with those that doit would create later (see `create_after`) unless nothing can
    ask for one: no word of the command line, and no task that waits for what is not there yet.
    """
    names = {task.name for task in tasks}
    if not words and names.issuperset(before for task in tasks for before in task.task_dep):
        return tasks
    return [
        one
        for task in tasks
        for one in (generate_tasks(task.name, task.loader.creator()) if task.loader else (task,))
    ]


def give_values_back(words: list[str], typed: list[str], variables: dict[str, str]) -> None:
    """Give back what doit took for a variable of its own and is none: the value of an option, where
    of `--rename Two=two` it left `--rename`; and what no variable is called so, such as an address
    with `?raw=1`. Without its only word, doit would do everything.

    Args:
        words: what doit left, which is changed; `typed` is what there was.
        variables: doit's, of which what is given back is taken out.
    """
    for option, value in pairwise(typed):
        name, is_assigned, _ = value.partition("=")
        is_value = is_assigned and name.isidentifier()
        if is_value and option.startswith("--") and "=" not in option and option in words:
            words[words.index(option)] = f"{option}={value}"
            variables.pop(name, None)
    behind = len(words)
    for word in reversed(typed):
        name, is_assigned, _ = word.partition("=")
        if word in words[:behind]:
            behind = words.index(word)
        elif is_assigned and name in variables and not name.isidentifier():
            words.insert(behind, word)
            del variables[name]


def use_database(cmd: Any, database: Path) -> None:
    """Have a command keep what it knows in `database`, unless another one was asked for. doit's own
    is in memory: see `DOIT_CONFIG`."""
    if isinstance(cmd.dep_manager.backend, SqliteDB):
        name, checker = cmd.dep_manager.name, type(cmd.dep_manager.checker)
        file = str(database) if name == ":memory:" else name
        cmd.dep_manager = Globals.dep_manager = Dependency(Database, file, checker_cls=checker)


def _run(execute: Any, before_steps: Callable[[], None]) -> Any:
    """`doit run` says that the file of `-o FILE` can't be written, for it would end with a
    traceback, and the tasks learn what was asked for."""

    @wraps(execute)
    def run(self: Any, outfile: Any, **options: Any) -> Any:
        if isinstance(outfile, str):
            try:
                open(outfile, "a", encoding="utf-8").close()
            except OSError as error:
                why = (error.strerror or "can't be opened").lower()
                raise InvalidCommand(f"{outfile} can't be written: {why}") from None
        if options["always"]:
            for task in self.task_list:
                if AGAIN in (task.meta or {}):
                    task.meta[AGAIN] = True
        RUN[:] = () if self.sel_default_tasks else self.sel_tasks
        if not self.sel_default_tasks:
            _follow(self.task_list, self.sel_tasks)
            named = [word for word in self.sel_tasks if word not in OF_SEVERAL]
            _mark_named(self.task_list, named)
        if not RUN or not any(task.pos_arg and task.name == RUN[0] for task in self.task_list):
            before_steps()
        return execute(self, outfile, **options)

    return run


def _follow(tasks: Iterable[Any], words: Collection[str]) -> None:
    """Have each task wait for those of the tasks that it follows which the words ask for: by name,
    by group, or by a pattern. Not for one that itself waits for the task: an export of a network
    that its own project trains further. Nor for one that is not there: an export may come from
    elsewhere, and its training be none of this workspace's."""
    by_name = {task.name: task for task in tasks}
    for task in tasks:
        for before in (task.meta or {}).get(FOLLOWS, ()):
            is_asked = is_asked_for(before, words)
            if is_asked and before in by_name and not _waits_for(before, task.name, by_name):
                task.task_dep.append(before)
                task.meta[SURVIVES].append(before)


def is_asked_for(name: str, words: Iterable[str]) -> bool:
    """Whether words of the command line ask for a task: by its name, its group, or a pattern."""
    group = name.partition(":")[0]
    return any(word == group or fnmatchcase(name, word) for word in words)


def _waits_for(name: str, other: str, by_name: Mapping[str, Any]) -> bool:
    """Whether a task comes after another, by way of any."""
    seen, rest = {name}, [name]
    while rest:
        task = by_name.get(rest.pop())
        new = set(task.task_dep if task is not None else ()) - seen
        seen |= new
        rest += new
    return other in seen


def _mark_named(tasks: Iterable[Any], words: Iterable[str]) -> None:
    """Mark what was named itself, not by a pattern or its project, and the download of its network:
    for these, a host that can't be reached is an error."""
    by_name = {task.name: task for task in tasks}
    for word in words:
        step, _, name = word.partition(":")
        scope = BY_NAME[step].scope if step in BY_NAME else None
        if scope == "workspace":
            name = name or ZOO
        if scope in ("network", "training", "workspace"):
            network = name.rpartition(":")[2]
            for task in (by_name.get(f"{step}:{name}"), by_name.get(f"download:{network}")):
                if task is not None:
                    task.meta[NAMED] = True


def _parent_status(take_notice: Any) -> Any:
    """doit runs no task after one that failed. But a project waits for all its networks, and one
    that is refused must not keep the folders, the label map and the other networks from coming. The
    failure itself is reported, and counts, as any other."""

    def parent_status(self: Any, parent: Any) -> None:
        survives = (self.task.meta or {}).get(SURVIVES, ())
        if parent.run_status != "failure" or parent.task.name not in survives:
            take_notice(self, parent)

    return parent_status


class Database(SqliteDB):  # type: ignore[misc]
    """doit's database in a file that may be damaged or out of reach; then it is in memory."""

    def __init__(self, name: str, codec: Any, **options: Any) -> None:
        super().__init__(name if _is_usable(Path(name)) else ":memory:", codec, **options)

    def _get_task_data(self, task_id: str) -> dict[str, object]:
        """A record that can't be read counts as none."""
        with suppress(sqlite3.Error, ValueError):
            found = super()._get_task_data(task_id)
            if isinstance(found, dict):
                return found
        return {}

    def remove(self, task_id: str) -> None:
        """Forget a task when the run ends: to delete its row now would lock the file until then."""
        self._cache[task_id] = {}
        self._dirty.add(task_id)

    def dump(self) -> None:
        """Save. What can't be saved costs the next doit a look at the receipts."""
        try:
            super().dump()
        except sqlite3.Error as error:
            _say(f"doit's database can't be written ({error}); nothing else is lost")
            with suppress(sqlite3.Error):
                self._conn.close()


def _is_usable(file: Path) -> bool:
    """Whether the file can be a database. A damaged one is renamed, and a new one takes its place;
    the user is told of both."""
    try:
        with closing(sqlite3.connect(file)) as database:
            database.execute(TABLE)
            database.execute("select task_data from doit limit 1").fetchall()
            return True
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in OUT_OF_REACH:
            _say(f"{file} can't be used ({error}); what is done is known from the receipts")
            return False
    broken = file.with_name(file.name + ".broken")
    try:
        os.replace(file, broken)
    except OSError:
        _say(f"{file} is damaged; what is done is known from the receipts")
        return False
    _say(f"{file} was damaged and is now {broken}; nothing else is lost")
    return True


def _say(line: str) -> None:
    """Tell the user; standard output is doit's."""
    sys.stderr.write(line + "\n")
