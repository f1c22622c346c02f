"""doit's own commands, made such that a wrong word is one line where they would end in a traceback.

doit finds out the names of a command's options by looking at its method, so the new ones wrap it.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from doit.cmd_info import Info
from doit.cmd_run import Run
from doit.exceptions import InvalidCommand


def check_words() -> None:
    """Change both commands."""
    _know_names(Info)
    _try_output(Run)


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


def _try_output(run: Any) -> None:
    """Have `doit -o FILE` (`doit.cmd_run.Run`) say that the file can't be written."""
    execute = run._execute

    @wraps(execute)
    def checked(self: Any, outfile: Any, **options: Any) -> Any:
        if isinstance(outfile, str):
            try:
                open(outfile, "a", encoding="utf-8").close()
            except OSError as error:
                why = (error.strerror or "can't be opened").lower()
                raise InvalidCommand(f"{outfile} can't be written: {why}") from None
        return execute(self, outfile, **options)

    run._execute = checked
