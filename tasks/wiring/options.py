"""Options of tasks, as doit has them."""

from __future__ import annotations

import getopt
from collections.abc import Iterable, Sequence
from typing import Any

from doit.cmdparse import CmdParseError

from tasks.pipeline.step import Option

Param = dict[str, Any]  # an option in doit's terms


def params(options: Iterable[Param]) -> list[Param]:
    """With what follows from the rest: how it is typed, and its value if it is not given."""
    return [
        {"long": o["name"].replace("_", "-"), "default": _absent(o.get("type", str)), **o}
        for o in options
    ]


def _absent(kind: type) -> object:
    return kind() if kind in (bool, list) else None


def step_params(options: Iterable[Option]) -> list[Param]:
    """The options of a step."""
    return params(map(_param, options))


def _param(option: Option) -> Param:
    given: Param = {"name": option.name, "help": option.help}
    if not option.metavar:
        return {**given, "type": bool}
    return {**given, "type": list if option.is_repeatable else str, "metavar": option.metavar}


def taken(
    task: str, params: Sequence[Param], words: list[str], *, anywhere: bool
) -> tuple[list[str], list[str]]:
    """The options of a task among the words behind its name, a word each; and the rest, which
    begins at the first word that is none, unless they may stand anywhere.

    Raises:
        CmdParseError: in one line, what is wrong; doit ends with exit code 3.
    """
    with_value = {p["long"] for p in params if p.get("type") is not bool}
    known = sorted(p["long"] + ("=" if p["long"] in with_value else "") for p in params)
    parse = getopt.gnu_getopt if anywhere else getopt.getopt
    try:
        options, rest = parse(words, "", known)
    except getopt.GetoptError as error:
        wrong = _what_is_wrong(error.msg, error.opt, task, params)
        raise CmdParseError(f"{task}: {wrong}") from None
    return [f"{o}={value}" if o[2:] in with_value else o for o, value in options], rest


def _what_is_wrong(why: str, option: str, task: str, params: Sequence[Param]) -> str:
    import difflib

    near = difflib.get_close_matches(option, [p["long"] for p in params], n=1)
    if near and near[0] != option:
        return f"{why}; did you mean --{near[0]}?"
    return f"{why}; `doit help {task}` tells them all" if params else f"{why}; it has no options"
