"""Paths of fields: `model.ssd.num_classes`, `eval_input_reader[0].label_map_path`."""

from __future__ import annotations

import re
from typing import NamedTuple

STEP = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*|\[[A-Za-z0-9_.\-/]+\])"  # a field, or an extension
    r"(?:\[(?P<nth>[0-9]+)\])?"
)


class PathError(ValueError):
    """Not a path, or one that does not fit the text; the message is a clause."""


class Step(NamedTuple):
    """A name on the way, and which of its values is meant; None if it has only one."""

    name: str
    nth: int | None = None


def steps(path: str) -> tuple[Step, ...]:
    """The steps of a path.

    Raises:
        PathError: it is not names, joined by full stops, with indexes in brackets.
    """
    found: list[Step] = []
    at = 0
    while match := STEP.match(path, at):
        nth = match["nth"]
        found.append(Step(match["name"], None if nth is None else int(nth[:9])))
        at = match.end()
        if at == len(path):
            return tuple(found)
        if path[at] != ".":
            break
        at += 1
    raise PathError("expected names joined by full stops, as in eval_input_reader[0].shuffle")


def plain(path: str) -> str:
    """A path without the indexes that say nothing: `a[0].b` and `a.b` are one place if `a` has one
    value."""
    return ".".join(
        step.name if step.nth in (None, 0) else f"{step.name}[{step.nth}]" for step in steps(path)
    )
