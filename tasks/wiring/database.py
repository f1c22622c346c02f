"""doit's database, made such that no fault of it can end a run.

The database only saves time: what is done is known from the receipts. Left alone, doit ends with a
traceback where it is damaged, can't be written, or is locked by another doit (which holds it for
the rest of its run once one of its tasks has failed).
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from doit.dependency import SqliteDB

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
            say(f"doit's database can't be written ({error}); nothing else is lost")
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
            say(f"{file} can't be used ({error}); what is done is known from the receipts")
            return False
    broken = file.with_name(file.name + ".broken")
    try:
        os.replace(file, broken)
    except OSError:
        say(f"{file} is damaged; what is done is known from the receipts")
        return False
    say(f"{file} was damaged and is now {broken}; nothing else is lost")
    return True


def say(line: str) -> None:
    """Tell the user; standard output is doit's."""
    sys.stderr.write(line + "\n")
