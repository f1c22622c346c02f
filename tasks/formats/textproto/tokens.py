"""Text → tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tasks.core.text import printable

BOM = "\ufeff"

# One alternative a kind, tried in this order. A number takes all that may stand in one and is
# judged later; so `1.5.2` is one wrong number and not two right ones.
PATTERN = re.compile(
    r"(?P<space>\s+|\#[^\n]*)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>\+?[0-9][0-9A-Za-z_.]*(?:(?<=[0-9.][eE])[+-][0-9A-Za-z_.]*)?"
    r"|\+?\.[0-9][0-9A-Za-z_.]*(?:(?<=[0-9.][eE])[+-][0-9A-Za-z_.]*)?)"
    r"|(?P<string>\"(?:[^\"\\\n]|\\[^\n])*\"|'(?:[^'\\\n]|\\[^\n])*')"
    r"|(?P<mark>[-{}<>\[\]:,;./])"
)
QUOTES = "“”„«»‘’‚`´"


class TextError(ValueError):
    """A text that is not protobuf's text format.

    Attributes:
        line, column: where, counted from 1; the column in characters.
        why: what was expected, and what was found.
    """

    def __init__(self, text: str, at: int, why: str) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - text.rfind("\n", 0, at)
        if self.line == 1 and text.startswith(BOM):
            self.column -= 1
        self.why = why
        super().__init__(f"line {self.line}, column {self.column}: {why}")


class Token(NamedTuple):
    """A piece of text.

    Attributes:
        kind: `name`, `number`, `string`, `mark`, or `end` after the last.
        text: as written.
        start, end: characters from the start of the file.
    """

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, without spaces and comments, and one of kind `end`.

    Raises:
        TextError: a character that can't stand where it stands.
    """
    at = len(BOM) if text.startswith(BOM) else 0
    while at < len(text):
        match = PATTERN.match(text, at)
        if match is None:
            raise TextError(text, at, _stray(text, at))
        kind = str(match.lastgroup)
        if kind != "space":
            yield Token(kind, match.group(), at, match.end())
        at = match.end()
    yield Token("end", "", len(text), len(text))


def _stray(text: str, at: int) -> str:
    character = text[at]
    if character in QUOTES:
        return f"found the typographic quote {character}: write \" or '"
    if character in "\"'":
        return f"a string begins with {character} and does not end in its line"
    if character == "\\":
        return "found a backslash outside of a string: write paths in quotes, with /"
    if character == BOM:
        return "found a byte order mark: remove it"
    return f"found {excerpt(character)}, which can't stand here"


def excerpt(text: str) -> str:
    """A piece of a file for a message: one line, not long."""
    plain = printable(text)
    return f"`{plain if len(plain) <= 30 else plain[:29] + '…'}`"
