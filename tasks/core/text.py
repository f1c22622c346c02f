"""Text for the user, and text from outside: made fit to be shown, read as a number.

A label, a file's name or a server's answer may hold what a terminal obeys (escape sequences), what
turns or hides the text beside it (bidirectional controls, zero-width characters) and what no
encoding knows (lone surrogates). All of these are shown as escapes: `\\x1b`, `\\u202e`, `\\udc80`.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

# Beside what is printable, lines of ours may hold these: they break or align, and hide nothing.
LAYOUT = frozenset("\n\t\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}")
# What stands for a sign of ours where the encoding lacks it.
PLAIN_SIGNS = {
    "…": "...",
    "→": "->",
    "–": "-",
    "—": "-",
    "×": "x",
    "≥": ">=",
    "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ",
}
PLAIN = "tod-plain"  # the error handler for streams: what their encoding lacks is written plainly
# Numbers in text from outside: headers, ports, file names, environment variables.
_DECIMAL = r"(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,3})?"
_WHOLE = r"[0-9]{1,18}"


def printable(text: str | Path) -> str:
    """A text or a path on one line, with escapes for all that is not plainly visible."""
    text = text.as_posix() if isinstance(text, Path) else text
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def shortened(text: str, most: int = 40) -> str:
    """The same, cut to `most` characters."""
    line = printable(text)
    return line if len(line) <= most else line[: most - 1] + "…"


def printable_lines(text: str) -> str:
    """Printable text that may have several lines: line breaks, tabs and fixed spaces stay."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c in LAYOUT else _escape(c) for c in text)


def lowered(sentence: str) -> str:
    """A sentence as a clause: its first letter small."""
    return sentence[:1].lower() + sentence[1:]


def count(number: int, noun: str) -> str:
    """`1 picture`, `2 pictures`, `2 boxes`, `2 entries`."""
    plural = f"{noun}es" if noun.endswith(("x", "ch")) else f"{noun}s"
    plural = f"{noun[:-1]}ies" if noun.endswith("ry") else plural
    return f"{number} {noun if number == 1 else plural}"


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


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _plain(error: UnicodeError) -> tuple[str, int]:
    """What to write in place of characters that an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN_SIGNS.get(c) or _escape(c) for c in lacking), error.end


codecs.register_error(PLAIN, _plain)
