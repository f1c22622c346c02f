"""Numbers in text from outside: headers, ports, file names, environment variables."""

from __future__ import annotations

import re

_DECIMAL = r"(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,3})?"
_WHOLE = r"[0-9]{1,18}"


def whole(text: str | None) -> int | None:
    """The number that a text is, or None if it is none: one to eighteen ASCII digits, nothing else.

    `int` takes far more (signs, underscores, digits of other scripts), and raises for some of what
    `str.isdigit` and `str.strip` let pass. Blanks and tabs around the digits are allowed, as
    they are around the value of a header.
    """
    bare = (text or "").strip(" \t")
    return int(bare) if re.fullmatch(_WHOLE, bare) else None


def decimal(text: str) -> float | None:
    """The number from 0 up that a text is, with or without a fraction; None if it is none. It may
    be infinite: `1e999`."""
    return float(text) if re.fullmatch(_DECIMAL, text) else None
