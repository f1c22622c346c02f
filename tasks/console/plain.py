"""Lines for pipes, files and logs: no colour, no width, one fact a line."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.console.rows import (
    ONLINE_AGAIN,
    Row,
    deferred,
    short_time,
    to_look_at,
    verdict,
)
from tasks.core.files import human_size


def step_lines(row: Row) -> list[str]:
    """One task's line, and what the user must know beside."""
    facts = [row.note, *([human_size(row.size)] if row.size else []), short_time(row.seconds)]
    details = ", ".join(fact for fact in facts if fact)
    why = f" (because {row.why})" if row.why and row.kind == "built" else ""
    first = f"{row.kind:<10} {row.label}: {details}{why}"
    return [first, *(f"           {line}" for line in row.lines)]


def failure_lines(row: Row) -> list[str]:
    return [f"{row.kind:<10} {row.label}: {row.note}"]


def closing_lines(rows: Sequence[Row], width: int | None = None) -> list[str]:
    """The last lines of a run: what it came to, and what to do about what is missing.

    `width` is the terminal's, in columns, if it is one.
    """
    look = [f"look at:   {path}" for path in to_look_at(rows)]
    return [verdict(rows), *look, *deferred_lines(deferred(rows), width)]


def deferred_lines(waiting: dict[str, str], width: int | None) -> list[str]:
    """Which networks are deferred, why, and how to get them."""
    if not waiting:
        return []
    named = [line for name, why in waiting.items() for line in _deferred(name, why, width)]
    return [*named, *(f"           {line}" for line in ONLINE_AGAIN)]


def _deferred(name: str, why: str, width: int | None) -> list[str]:
    line = f"deferred:  {name}: {why}"
    fits = width is None or len(line) <= width
    return [line] if fits else [f"deferred:  {name}", f"           {why}"]
