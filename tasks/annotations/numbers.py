"""Numbers as annotation tools write them, read strictly, and written so that none looks like
another."""

from __future__ import annotations

import math
import re

from tasks.core.text import printable

LONGEST = 40  # characters of what was found that are shown
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+\Z")


def read_number(text: str) -> float:
    """The number that a text is: digits of ASCII, a decimal point, an exponent.

    Raises:
        ValueError: it is not a number, or too large; the message is a clause.
    """
    if COMMA.match(text):
        raise ValueError(f"{short(text)}, with a comma: write a decimal point")
    if not NUMBER.match(text):
        raise ValueError(f"{short(text) or 'missing'}, not a number")
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{short(text)}, too large a number")
    return value + 0.0  # and no -0.0


def plain(value: float) -> str:
    """All of a number's digits, and none more: what is not equal does not look equal."""
    return repr(float(value)).removesuffix(".0")


def short(text: str) -> str:
    """A found text, in one line and not too long."""
    line = printable(text)
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "…"
