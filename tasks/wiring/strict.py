"""doit's own commands, changed where they stand: doit takes no command of ours without an installed
plug-in.

A wrong word is one line where they would end in a traceback, and the tasks learn how they were
asked for. doit finds out the names of a command's options by looking at its method, so the new ones
wrap it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import wraps
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.cmd_info import Info
from doit.cmd_run import Run
from doit.exceptions import InvalidCommand

from tasks.wiring import order
from tasks.wiring.registry import BY_NAME

# In a step's task's meta:
AGAIN = "again"  # `doit -a` asked for it
NAMED = "named"  # its network was named on the command line


def change_commands() -> None:
    """Change `doit info` and `doit run`, and where all of them write."""
    _write_to_the_guarded_stream(DoitCmdBase)
    _know_names(Info)
    _prepare_run(Run)


def _write_to_the_guarded_stream(command: Any) -> None:
    """Have commands (`doit.cmd_base.DoitCmdBase`) write to what stands for a standard output that
    was closed (`>&-`): they took hold of None."""
    command.outstream = property(
        lambda self: vars(self)["outstream"] or sys.stdout,
        lambda self, stream: vars(self).update(outstream=stream),
    )


def _know_names(info: Any) -> None:
    """Have `doit info` (`doit.cmd_info.Info`) say that there is no such task."""
    execute = info._execute

    @wraps(execute)
    def checked(self: Any, pos_args: list[str], **options: Any) -> Any:
        known = {task.name for task in self.task_list}
        if len(pos_args) == 1 and pos_args[0] not in known:
            raise InvalidCommand(not_found=pos_args[0])
        return execute(self, pos_args, **options)

    info._execute = checked


def _prepare_run(run: Any) -> None:
    """Have `doit run` (`doit.cmd_run.Run`) say that the file of `-o FILE` can't be written, and
    tell the tasks what was asked for."""
    execute = run._execute

    @wraps(execute)
    def prepared(self: Any, outfile: Any, **options: Any) -> Any:
        if isinstance(outfile, str):
            try:
                open(outfile, "a", encoding="utf-8").close()
            except OSError as error:
                why = (error.strerror or "can't be opened").lower()
                raise InvalidCommand(f"{outfile} can't be written: {why}") from None
        if options["always"]:
            _do_again(self.task_list)
        if not self.sel_default_tasks:
            order.line_up(self.task_list, self.sel_tasks)
            _mark_named(self.task_list, self.sel_tasks)
        return execute(self, outfile, **options)

    run._execute = prepared


def _do_again(tasks: Iterable[Any]) -> None:
    """`doit -a`: doit runs every task, and a step that is up to date must not say so."""
    for task in tasks:
        if AGAIN in (task.meta or {}):
            task.meta[AGAIN] = True


def _mark_named(tasks: Iterable[Any], words: Iterable[str]) -> None:
    """Mark the downloads of the networks that were named themselves, not by a pattern: for these, a
    host that can't be reached is an error."""
    by_name = {task.name: task for task in tasks}
    for word in words:
        name = (by_name[word].meta or {}).get("means", word) if word in by_name else ""
        step, _, network = name.partition(":")
        download = by_name.get(f"download:{network}")
        if download is not None and step in BY_NAME and BY_NAME[step].scope == "network":
            download.meta[NAMED] = True
