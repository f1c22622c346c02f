"""Tokens → a tree of fields that knows where in the text each of them stands."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from tasks.formats.textproto.tokens import TextError, Token, excerpt, tokens
from tasks.formats.textproto.values import Value, number, unquoted, word

DEEPEST = 100  # messages within messages; protobuf's own limit
CLOSE = {"{": "}", "<": ">"}


class Scalar(Struct, frozen=True):
    """A number, a string (of one or more pieces), a truth value or a word.

    Attributes:
        start, end: its place in the text.
    """

    start: int
    end: int
    value: Value


class Message(Struct, frozen=True):
    """Fields between braces, or a whole file.

    Attributes:
        start, end: its place in the text, braces included.
        inside: the text between the braces (start, end).
        named: name → what stands under it, in the order of the text. Looked up often: a search of
            the fields each time would cost a label map of many items its square.
    """

    start: int
    end: int
    inside: tuple[int, int]
    fields: tuple[Field, ...]
    named: dict[str, list[Element]]


class Items(Struct, frozen=True):
    """A list in brackets."""

    start: int
    end: int
    items: tuple[Scalar | Message, ...]


class Field(Struct, frozen=True):
    """A name and what it holds.

    Attributes:
        start: of its name.
        end: of its value, or of the `;` or `,` behind it.
    """

    name: str
    start: int
    end: int
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
    reader = _Reader(text)
    fields = _fields(reader, "", 0)
    return Message(0, len(text), (0, len(text)), fields, _named(fields))


class _Reader:
    """The tokens of a text, one ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._rest: Iterator[Token] = tokens(text)
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
        where = TextError(self.text, opened.start, "").line
        raise self.error(f"expected `{mark}` for the `{opened.text}` of line {where}")

    def error(self, why: str) -> TextError:
        found = "the end of the file" if self.here.kind == "end" else excerpt(self.here.text)
        return TextError(self.text, self.here.start, f"{why}; found {found}")


def _fields(reader: _Reader, close: str, depth: int) -> tuple[Field, ...]:
    if depth > DEEPEST:
        raise reader.error(f"expected at most {DEEPEST} messages within messages")
    found: list[Field] = []
    while reader.here.kind != "end" and not (close and reader.here.text == close):
        found.append(_field(reader, depth))
    return tuple(found)


def _field(reader: _Reader, depth: int) -> Field:
    start = reader.here.start
    name = _name(reader)
    colon = reader.take_if(":")
    if reader.here.kind == "mark" and reader.here.text in CLOSE:
        value: Scalar | Message | Items = _message(reader, depth)
    elif colon is None and reader.here.text != "[":
        raise reader.error(f"expected `:` or `{{` after {excerpt(name)}")
    elif reader.here.text == "[":
        value = _list(reader, depth)
    else:
        value = _scalar(reader)
    separator = reader.take_if(",", ";")
    return Field(name, start, separator.end if separator else value.end, value)


def _name(reader: _Reader) -> str:
    """A field's name, or that of an extension: `[some.package.field]`."""
    if reader.here.kind == "name":
        return reader.take().text
    opened = reader.take_if("[")
    if opened is None:
        raise reader.error(_expected_name(reader))
    parts = []
    while reader.here.kind in ("name", "number") or reader.here.text in (".", "/", "-"):
        parts.append(reader.take().text)
    if not parts:
        raise reader.error("expected the name of an extension")
    reader.need("]", opened)
    return f"[{''.join(parts)}]"


def _expected_name(reader: _Reader) -> str:
    head = reader.text.lstrip("\ufeff \t\r\n")[:200].casefold()
    if head.startswith(("<!doctype", "<html", "<?xml")):
        return "expected a configuration, and this is a web page"
    return "expected the name of a field"


def _message(reader: _Reader, depth: int) -> Message:
    opened = reader.take()
    close = CLOSE[opened.text]
    fields = _fields(reader, close, depth + 1)
    closed = reader.need(close, opened)
    inside = (opened.end, closed.start)
    return Message(opened.start, closed.end, inside, fields, _named(fields))


def _named(fields: tuple[Field, ...]) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for field in fields:
        here = found.setdefault(field.name, [])
        if isinstance(field.value, Items):
            here += [Element(field, node, place) for place, node in enumerate(field.value.items)]
        else:
            here.append(Element(field, field.value))
    return found


def _list(reader: _Reader, depth: int) -> Items:
    opened = reader.take()
    items: list[Scalar | Message] = []
    while reader.here.text != "]" or items:
        is_message = reader.here.kind == "mark" and reader.here.text in CLOSE
        items.append(_message(reader, depth) if is_message else _scalar(reader))
        if reader.take_if(",") is None:
            break
    return Items(opened.start, reader.need("]", opened).end, tuple(items))


def _scalar(reader: _Reader) -> Scalar:
    if reader.here.kind == "string":
        return _string(reader)
    start, minus = reader.here.start, reader.take_if("-")
    token = reader.here
    if token.kind == "number":
        value: Value | None = number(token.text, minus=minus is not None)
    elif token.kind == "name":
        value = word(token.text, minus=minus is not None)
    else:
        raise reader.error("expected a value")
    if value is None:
        raise reader.error("expected a number")
    reader.take()
    return Scalar(start, token.end, value)


def _string(reader: _Reader) -> Scalar:
    """A string: pieces that stand beside one another are one."""
    first = last = reader.here
    pieces = []
    while reader.here.kind == "string":
        last = reader.take()
        try:
            pieces.append(unquoted(last.text))
        except ValueError as error:
            raise TextError(reader.text, last.start, str(error)) from None
    return Scalar(first.start, last.end, "".join(pieces))
