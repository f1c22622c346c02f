"""What was changed in a network's pipeline.config, for the user's eyes."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.values import same
from tasks.pipeline_config.apply import as_text, current
from tasks.pipeline_config.change import Change

WIDEST = 40  # characters; what is longer pushes its reason to the right


class Row(Struct, frozen=True):
    """One value: in the network's own file, in the project's, and the reason."""

    path: str
    was: str
    now: str
    why: str


def rows(base: Document, here: Document | None, changes: Iterable[Change]) -> list[Row]:
    """The values that are not the network's own, or not ours.

    Args:
        here: the project's file as it stands; None: as it would be made.
    """
    found = []
    for change in changes:
        was = current(base, change.path)
        now = change.value if here is None else current(here, change.path)
        mine = not same(now, change.value)
        if mine:
            why = f"yours; ours would be {as_text(change.value) or 'nothing'}"
        elif same(now, was):
            continue
        else:
            why = change.why
        found.append(Row(change.path, as_text(was), as_text(now), why))
    return found


def lines(found: Iterable[Row]) -> list[str]:
    """Two lines a row, since paths are long: the field, then what was and what is, and why."""
    told = [
        (row.path, f"{row.was or 'nothing'} → {row.now or 'nothing'}", row.why) for row in found
    ]
    width = min(WIDEST, max((len(change) for _, change, _ in told), default=0))
    return [
        line
        for path, change, why in told
        for line in (f"  {path}", f"      {change.ljust(width)}  {why}")
    ]
