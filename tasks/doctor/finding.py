"""One row of the doctor's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Kind = Literal["ok", "warning", "error"]


class Finding(Struct, frozen=True):
    """What one check found.

    Attributes:
        what: what was looked at, in a word or two.
        told: what was seen.
        todo: what to do about it; "" if nothing.
        details: of what kind or where, one line each.
    """

    kind: Kind
    what: str
    told: str
    todo: str = ""
    details: tuple[str, ...] = ()


def ok(what: str, told: str) -> Finding:
    return Finding("ok", what, told)


def warning(what: str, told: str, todo: str = "", details: Sequence[str] = ()) -> Finding:
    return Finding("warning", what, told, todo, tuple(details))


def error(what: str, told: str, todo: str = "", details: Sequence[str] = ()) -> Finding:
    return Finding("error", what, told, todo, tuple(details))
