"""doit's database, made such that no fault of it can end a run.

The database only saves time: what is done is known from the receipts. Left alone, doit ends with a
traceback where it is damaged, can't be written, or is locked by another doit (which holds it for
the rest of its run once one of its tasks has failed).
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

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


def place(state_file: Path) -> str:
    """Where doit is to keep its database: in `state_file`; in memory if that can't be opened.

    A file that is damaged is renamed, and its loss told.
    """
    try:
        return _opened(state_file)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in OUT_OF_REACH:
            return _set_aside(state_file)
        say(f"{state_file} can't be used ({error}); what is done is known from the receipts")
        return ":memory:"


def _opened(state_file: Path) -> str:
    with closing(sqlite3.connect(state_file)) as database:
        database.execute(TABLE)
        database.execute("select task_data from doit limit 1").fetchall()
    return str(state_file)


def _set_aside(state_file: Path) -> str:
    broken = state_file.with_name(state_file.name + ".broken")
    try:
        os.replace(state_file, broken)
    except OSError:
        say(f"{state_file} is damaged; what is done is known from the receipts")
        return ":memory:"
    say(f"{state_file} was damaged and is now {broken}; nothing else is lost")
    return str(state_file)


def forgive(database: Any) -> None:
    """Have doit's database class (`doit.dependency.SqliteDB`) survive what its file does not.

    doit takes no database class of ours without an installed plug-in, so its own is changed.
    """
    database._get_task_data = _read(database._get_task_data)
    database.remove = _remove
    database.dump = _dump(database.dump)


def _read(read: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """A record that can't be read is none."""

    def get_task_data(self: Any, task_id: str) -> Any:
        with suppress(sqlite3.Error, ValueError):
            found = read(self, task_id)
            if isinstance(found, dict):
                return found
        return {}

    return get_task_data


def _remove(self: Any, task_id: str) -> None:
    """Forget a task when the run ends: to delete its row now would lock the file until then."""
    self._cache[task_id] = {}
    self._dirty.add(task_id)


def _dump(dump: Callable[[Any], None]) -> Callable[[Any], None]:
    """What can't be saved costs the next doit a look at the receipts."""

    def save(self: Any) -> None:
        try:
            dump(self)
        except sqlite3.Error as error:
            say(f"doit's database can't be written ({error}); nothing else is lost")
            with suppress(sqlite3.Error):
                self._conn.close()

    return save


def say(line: str) -> None:
    """Tell the user; standard output is doit's."""
    sys.stderr.write(line + "\n")
