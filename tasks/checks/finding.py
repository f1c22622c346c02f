"""What a check found: one row of the doctor's table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, get_args

from msgspec import Struct

Kind = Literal["ok", "warning", "error"]


class Finding(Struct, frozen=True):
    """One row: what a check found.

    Attributes:
        subject: what was checked, in a word or two.
        result: what was found there.
        todo: what to do about it; "" if nothing.
        details: one line each.
    """

    kind: Kind
    subject: str
    result: str
    todo: str = ""
    details: Sequence[str] = ()


ok, warning, error = (partial(Finding, kind) for kind in get_args(Kind))
