"""Text → a tree of fields that knows where in the text each of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from tasks.core.text import shortened
from tasks.formats.textproto.values import Value, number, unquoted, word

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
DEEPEST = 100  # messages within messages; protobuf's own limit
CLOSE = {"{": "}", "<": ">"}
WEB_PAGE = re.compile(r"[\ufeff \t\r\n]*<(!doctype|html|\?xml)", re.IGNORECASE)


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
    """A piece of text, and its place; its kind is that of `PATTERN`, or `end` after the last."""

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
    return f"found `{shortened(character)}`, which can't stand here"


class Span(Struct, frozen=True):
    """A place in a text, in characters from its start."""

    start: int
    end: int


class Scalar(Span, frozen=True):
    """A number, a string (of one or more pieces), a truth value or a word."""

    value: Value


class Message(Span, frozen=True, dict=True):
    """Fields between braces, or a whole file; `inside` is the text between the braces."""

    inside: Span
    fields: tuple[Field, ...]

    @cached_property
    def named(self) -> dict[str, list[Element]]:
        """Name → its values, in the order of the text. Cached: to search all fields each time would
        take the square of the time for a label map of many items."""
        found: dict[str, list[Element]] = {}
        for field in self.fields:
            value = field.value
            nodes = enumerate(value.items) if isinstance(value, Items) else [(None, value)]
            found.setdefault(field.name, []).extend(Element(field, n, place) for place, n in nodes)
        return found


class Items(Span, frozen=True):
    """A list in brackets."""

    items: tuple[Scalar | Message, ...]


class Field(Span, frozen=True):
    """A name and what it holds; the `;` or `,` behind it is a part of it."""

    name: str
    value: Scalar | Message | Items


class Element(Struct, frozen=True):
    """One of the values that a name has: `a: [1, 2]  a: 3` are three elements.

    Attributes:
        place: its index in the list, if its field holds one.
    """

    field: Field
    node: Scalar | Message
    place: int | None = None


def parse(text: str) -> Message:
    """The tree of a text.

    Raises:
        TextError: it is not protobuf's text format; tells where and why.
    """
    return Message(0, len(text), Span(0, len(text)), _Parser(text).fields("", 0))


class _Parser:
    """Takes one token after the other; `here` is the next one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._rest = tokens(text)
        self.here = next(self._rest)

    def take(self) -> Token:
        taken = self.here
        if taken.kind != "end":
            self.here = next(self._rest)
        return taken

    def take_if(self, *marks: str) -> Token | None:
        return self.take() if self.here.kind == "mark" and self.here.text in marks else None

    def need(self, mark: str, opened: Token) -> Token:
        if taken := self.take_if(mark):
            return taken
        line = TextError(self.text, opened.start, "").line
        raise self.error(f"expected `{mark}` for the `{opened.text}` of line {line}")

    def error(self, why: str) -> TextError:
        found = f"`{shortened(self.here.text, 30)}`" if self.here.text else "the end of the file"
        return TextError(self.text, self.here.start, f"{why}; found {found}")

    def fields(self, close: str, depth: int) -> tuple[Field, ...]:
        if depth > DEEPEST:
            raise self.error(f"expected at most {DEEPEST} messages within messages")
        found: list[Field] = []
        while self.here.kind != "end" and not (close and self.here.text == close):
            found.append(self.field(depth))
        return tuple(found)

    def field(self, depth: int) -> Field:
        start = self.here.start
        name = self.name()
        colon = self.take_if(":")
        if self.here.text == "[":
            value: Scalar | Message | Items = self.items(depth)
        elif colon or self.here.text in CLOSE:
            value = self.value(depth)
        else:
            raise self.error(f"expected `:` or `{{` after `{shortened(name, 30)}`")
        separator = self.take_if(",", ";")
        return Field(start, separator.end if separator else value.end, name, value)

    def name(self) -> str:
        """A field's name, or that of an extension: `[some.package.field]`."""
        if self.here.kind == "name":
            return self.take().text
        opened = self.take_if("[")
        if opened is None:
            is_page = WEB_PAGE.match(self.text)
            what = "a configuration, and this is a web page" if is_page else "the name of a field"
            raise self.error(f"expected {what}")
        parts = []
        while self.here.kind in ("name", "number") or self.here.text in (".", "/", "-"):
            parts.append(self.take().text)
        if not parts:
            raise self.error("expected the name of an extension")
        self.need("]", opened)
        return f"[{''.join(parts)}]"

    def items(self, depth: int) -> Items:
        opened = self.take()
        found: list[Scalar | Message] = []
        while self.here.text != "]" or found:
            found.append(self.value(depth))
            if self.take_if(",") is None:
                break
        return Items(opened.start, self.need("]", opened).end, tuple(found))

    def value(self, depth: int) -> Scalar | Message:
        if opened := self.take_if(*CLOSE):
            close = CLOSE[opened.text]
            fields = self.fields(close, depth + 1)
            closed = self.need(close, opened)
            return Message(opened.start, closed.end, Span(opened.end, closed.start), fields)
        return self.string() if self.here.kind == "string" else self.scalar()

    def scalar(self) -> Scalar:
        start, is_minus = self.here.start, self.take_if("-") is not None
        token = self.here
        if token.kind not in ("number", "name"):
            raise self.error("expected a value")
        value = (number if token.kind == "number" else word)(token.text, minus=is_minus)
        if value is None:
            raise self.error("expected a number")
        self.take()
        return Scalar(start, token.end, value)

    def string(self) -> Scalar:
        """Pieces that stand beside one another are one string."""
        first = last = self.here
        pieces = []
        while self.here.kind == "string":
            last = self.take()
            try:
                pieces.append(unquoted(last.text))
            except ValueError as error:
                raise TextError(self.text, last.start, str(error)) from None
        return Scalar(first.start, last.end, "".join(pieces))
