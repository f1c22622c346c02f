"""Set, insert and remove values; every other character stays as it is."""

from __future__ import annotations

from functools import cached_property
from typing import TypeAlias

from tasks.textproto.path import PathError, Step, steps
from tasks.textproto.tokens import tokens
from tasks.textproto.tree import Element, Field, Items, Message, Scalar, elements, parse
from tasks.textproto.values import Value, written

Values: TypeAlias = Value | tuple[Value, ...]


class Document:
    """A text and its tree. Edits give back a new document.

    Text comes from bytes by `read`, which keeps bytes that are no UTF-8 and a byte order mark, so
    `content` of an unchanged document is what was read.
    """

    def __init__(self, text: str) -> None:
        """Raises:
        TextError: the text is not protobuf's text format.
        """
        self.text = text
        self.root = parse(text)

    @classmethod
    def read(cls, content: bytes) -> Document:
        """Raises:
        TextError: the text is not protobuf's text format.
        """
        return cls(content.decode("utf-8", "surrogateescape"))

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self.text.encode("utf-8", "surrogateescape")

    @cached_property
    def newline(self) -> str:
        """The line end that the file uses."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def count(self, path: str) -> int:
        """How many values stand at a path.

        Raises:
            PathError: the path is none, or a message on the way has several values.
        """
        return len(self._at(path)[2])

    def get(self, path: str) -> Values | None:
        """The value at a path: one, or all as a tuple if there are several or they stand in a list;
        None if there is none, or if it is a message.

        Raises:
            PathError: the path is none, or a message on the way has several values.
        """
        _, step, found = self._at(path)
        values = tuple(e.node.value for e in found if isinstance(e.node, Scalar))
        if len(values) != len(found) or not found:
            return None
        is_list = step.nth is None and (len(found) > 1 or found[0].place is not None)
        return values if is_list else values[0]

    def has_message(self, path: str) -> bool:
        """Whether a message stands at a path.

        Raises:
            PathError: the path is none, or a message on the way has several values.
        """
        found = self._at(path)[2]
        return bool(found) and all(isinstance(e.node, Message) for e in found)

    def set(self, path: str, value: Values) -> Document:
        """Have `value` stand at a path; what is missing on the way is inserted.

        A tuple takes the place of all values of a repeated field.

        Raises:
            PathError: the path does not fit the text: it leads through a value, or to a message, or
                it does not say which of several values is meant.
        """
        way = steps(path)
        message, depth = self._walk(way[:-1])
        if depth < len(way) - 1:
            return self._insert(message, way[depth:], value)
        found = _chosen(message, way[-1])
        if any(isinstance(element.node, Message) for element in found):
            raise PathError("a message stands there, not a value")
        if isinstance(value, tuple):
            return self._set_all(message, way[-1], value)
        if not found:
            return self._insert(message, way[-1:], value)
        if len(found) > 1:
            raise PathError(f"it has {len(found)} values: say which by [0] to [{len(found) - 1}]")
        return self._replace(found[0].node.start, found[0].node.end, self._written(value, found[0]))

    def remove(self, path: str) -> Document:
        """Take away all that stands at a path; comments and everything else stay.

        Raises:
            PathError: the path is none, or a message on the way has several values.
        """
        document = self
        for _ in range(self.count(path)):
            last = document._at(path)[2][-1]
            if isinstance(last.field.value, Items) and len(last.field.value.items) > 1:
                document = document._remove_item(last)
            else:
                document = document._remove_field(last.field)
        return document

    # --- finding --------------------------------------------------------------------------------

    def _at(self, path: str) -> tuple[Message, Step, list[Element]]:
        way = steps(path)
        message, depth = self._walk(way[:-1])
        found = _chosen(message, way[-1]) if depth == len(way) - 1 else []
        return message, way[-1], found

    def _walk(self, way: tuple[Step, ...]) -> tuple[Message, int]:
        """The last message on the way that is there, and how many steps lead to it."""
        message = self.root
        for depth, step in enumerate(way):
            found = _chosen(message, step)
            if not found:
                return message, depth
            if len(found) > 1:
                raise PathError(f"{step.name} stands there {len(found)} times: say which by [0]…")
            if not isinstance(found[0].node, Message):
                raise PathError(f"{step.name} is a value and holds no fields")
            message = found[0].node
        return message, len(way)

    # --- changing -------------------------------------------------------------------------------

    def _replace(self, start: int, end: int, new: str) -> Document:
        return Document(self.text[:start] + new + self.text[end:])

    def _written(self, value: Values, old: Element | None = None) -> str:
        """As text; a string keeps the kind of quotes that the old one had."""
        mark = self.text[old.node.start] if old else '"'
        return written(value, mark if mark in "\"'" else '"')

    def _set_all(self, message: Message, step: Step, value: tuple[Value, ...]) -> Document:
        if step.nth is not None:
            raise PathError("a list can't stand at an index")
        fields = [field for field in message.fields if field.name == step.name]
        if not fields:
            return self._insert(message, (step,), value)
        first, document = fields[0], self
        for field in reversed(fields[1:]):
            document = document._remove_field(field)
        return document._replace(first.value.start, first.value.end, written(value))

    def _insert(self, message: Message, way: tuple[Step, ...], value: Values) -> Document:
        for step in way[1:]:
            _only_first(step, 0)
        present = elements(message, way[0].name)
        _only_first(way[0], len(present))
        if present and len(way) == 1 and present[-1].place is not None:
            end = present[-1].node.end
            return self._replace(end, end, ", " + self._written(value))
        empty = [f for f in message.fields if f.name == way[0].name and isinstance(f.value, Items)]
        if not present and empty and len(way) == 1:
            place = empty[0].value
            return self._replace(place.start, place.end, f"[{self._written(value)}]")
        return self._insert_field(message, way, value)

    def _insert_field(self, message: Message, way: tuple[Step, ...], value: Values) -> Document:
        start, end = message.inside
        if message is not self.root and "\n" not in self.text[start:end]:
            text = _field_text(way, self._written(value), "", " ", "")
            gap = "" if self.text[start:end].endswith((" ", "\t")) else " "
            return self._replace(end, end, f"{gap}{text} ")
        indent = self._indent(message)
        unit = "\t" if indent.startswith("\t") else "  "
        text = indent + _field_text(way, self._written(value), indent, self.newline, unit)
        behind = message.fields[-1].end if message.fields else start
        at = len(self.text) if message is self.root else self.text.find("\n", behind, end) + 1
        if at and (message is not self.root or self.text.endswith("\n")):
            return self._replace(at, at, text + self.newline)
        if not self.root.fields and not self.text.strip("\ufeff"):
            return self._replace(at, at, text + self.newline)
        at = at or behind  # the last field shares its line with the closing brace
        return self._replace(at, at, self.newline + text)

    def _indent(self, message: Message) -> str:
        """What stands before a field of this message."""
        for field in reversed(message.fields):
            before = self.text[self.text.rfind("\n", 0, field.start) + 1 : field.start]
            if not before.strip(" \t\ufeff"):
                return before.strip("\ufeff")
        if message is self.root:
            return ""
        line = self.text[self.text.rfind("\n", 0, message.start) + 1 :]
        own = line[: len(line) - len(line.lstrip(" \t"))]
        return own + ("\t" if own.startswith("\t") else "  ")

    def _remove_field(self, field: Field) -> Document:
        start, end = field.start, field.end
        line = self.text.rfind("\n", 0, start) + 1
        after = len(self.text) if (found := self.text.find("\n", end)) < 0 else found
        if not self.text[line:start].strip(" \t") and not self.text[end:after].strip(" \t\r"):
            return self._replace(line, min(after + 1, len(self.text)), "")
        while self.text[end : end + 1] in (" ", "\t") and self.text[end : end + 1]:
            end += 1
        return self._replace(start, end, "")

    def _remove_item(self, element: Element) -> Document:
        """Take an item and one comma out of a list; a comment between them stays."""
        assert isinstance(element.field.value, Items)
        items, at = element.field.value.items, element.place or 0
        start, end = items[at].start, items[at].end
        gap = (items[at - 1].end, start) if at else (end, items[1].start)
        between = self.text[gap[0] : gap[1]]
        if "#" in between:
            comma = next(t.start for t in tokens(between) if t.text == ",")
            between = between[:comma] + between[comma + 1 :]
        else:
            between = ""
        return self._replace(min(start, gap[0]), max(end, gap[1]), between)


def _chosen(message: Message, step: Step) -> list[Element]:
    found = elements(message, step.name)
    return found if step.nth is None else found[step.nth : step.nth + 1]


def _only_first(step: Step, present: int) -> None:
    """Only the next value can be inserted."""
    if step.nth is not None and step.nth != present:
        raise PathError(f"{step.name} has {present} values: the next is [{present}]")


def _field_text(way: tuple[Step, ...], value: str, indent: str, newline: str, unit: str) -> str:
    """A field, or messages within messages around one."""
    if len(way) == 1:
        return f"{way[0].name}: {value}"
    inner = _field_text(way[1:], value, indent + unit, newline, unit)
    return f"{way[0].name} {{{newline}{indent}{unit}{inner}{newline}{indent}}}"
