"""Set, insert and remove values; every other character stays as it is."""

from __future__ import annotations

import re
from typing import TypeAlias

from tasks.formats.textproto.parse import Element, Field, Items, Message, Scalar, parse, tokens
from tasks.formats.textproto.path import (
    UNKNOWN,
    PathError,
    Pieces,
    Shape,
    Steps,
    chosen,
    elements,
    names_of,
    parse_path,
    replacing,
)
from tasks.formats.textproto.values import Value, written

Values: TypeAlias = Value | tuple[Value, ...]

BEHIND = re.compile(r"(?P<blanks>[ \t]*)(?P<end>[ \t\r]*(?:\n|\Z))?")  # what follows a field


class Document:
    """A text and its tree. Edits give back a new document.

    Text comes from bytes by `read`, which keeps bytes that are not UTF-8 and a byte order mark, so
    `content` of an unchanged document is what was read. A text that is not protobuf's text format
    raises TextError.

    What takes a path raises PathError if it is none, or does not fit the text: if it leads through
    a value, or does not say which of several values is meant.

    Attributes:
        shape: which fields have one value: where those stand several times, what counts is read and
            set. Without it every field may have several.
    """

    def __init__(self, text: str, shape: Shape = UNKNOWN) -> None:
        self.text, self.shape = text, shape
        self.root = parse(text)

    @classmethod
    def read(cls, content: bytes, shape: Shape = UNKNOWN) -> Document:
        return cls(content.decode("utf-8", "surrogateescape"), shape)

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self.text.encode("utf-8", "surrogateescape")

    def count(self, path: str) -> int:
        """How many values stand at a path."""
        steps, found = self._at(path)
        return min(1, len(found)) if self._has_one(steps) else len(found)

    def get(self, path: str) -> Values | None:
        """The value at a path: one, or all as a tuple if there are several or they stand in a list;
        None if there is none, or if it is a message."""
        steps, found = self._at(path)
        values = tuple(e.node.value for e in found if isinstance(e.node, Scalar))
        if len(values) != len(found) or not found:
            return None
        if self._has_one(steps) and found[-1].place is None:
            return values[-1]
        is_list = steps[-1].nth is None and (len(found) > 1 or found[0].place is not None)
        return values if is_list else values[0]

    def has_message(self, path: str) -> bool:
        """Whether a message stands at a path."""
        found = self._at(path)[1]
        return bool(found) and all(isinstance(e.node, Message) for e in found)

    def set(self, path: str, value: Values) -> Document:
        """Have `value` stand at a path; what is missing is inserted. A tuple takes the
        place of all values of a repeated field."""
        steps = parse_path(path)
        pieces, depth = self._walk(steps[:-1])
        found = chosen(pieces, steps, self.shape) if depth == len(steps) - 1 else []
        if any(isinstance(element.node, Message) for element in found):
            raise PathError("a message stands there, not a value")
        if isinstance(value, tuple) and depth == len(steps) - 1:
            return self._set_all(pieces, steps, value)
        if not found:
            return self._insert(pieces, steps, depth, value)
        if len(found) > 1 and not self._has_one(steps):
            raise PathError(f"it has {len(found)} values: say which by [0] to [{len(found) - 1}]")
        old = found[-1].node
        mark = self.text[old.start]  # a string keeps its kind of quotes
        return self._replace(old.start, old.end, written(value, mark if mark == "'" else '"'))

    def remove(self, path: str) -> Document:
        """Take away all that stands at a path; comments and everything else stay."""
        _, found = self._at(path)
        if len(found) == 1:
            value = found[0].field.value
            if isinstance(value, Items) and len(value.items) > 1:
                return self._remove_item(value, found[0].place or 0)
        fields = {element.field.start: element.field for element in found}
        return self._remove_fields(list(fields.values()))

    def _at(self, path: str) -> tuple[Steps, list[Element]]:
        steps = parse_path(path)
        pieces, depth = self._walk(steps[:-1])
        return steps, chosen(pieces, steps, self.shape) if depth == len(steps) - 1 else []

    def _walk(self, steps: Steps) -> tuple[Pieces, int]:
        """The last message that is there, and how many of the steps lead to it."""
        pieces: Pieces = (self.root,)
        for depth, step in enumerate(steps):
            found = chosen(pieces, steps[: depth + 1], self.shape)
            if not found:
                return pieces, depth
            if len(found) > 1 and not self._has_one(steps[: depth + 1]):
                raise PathError(f"{step.name} occurs {len(found)} times: say which by [0]…")
            pieces = tuple(e.node for e in found if isinstance(e.node, Message))
            if len(pieces) < len(found):
                raise PathError(f"{step.name} is a value and holds no fields")
        return pieces, len(steps)

    def _has_one(self, steps: Steps) -> bool:
        return self.shape.has_one(names_of(steps))

    def _replace(self, start: int, end: int, new: str) -> Document:
        return Document(self.text[:start] + new + self.text[end:], self.shape)

    def _set_all(self, pieces: Pieces, steps: Steps, value: tuple[Value, ...]) -> Document:
        if steps[-1].nth is not None:
            raise PathError("a list can't stand at an index")
        fields = [f for piece in pieces for f in piece.fields if f.name == steps[-1].name]
        if not fields:
            return self._insert(pieces, steps, len(steps) - 1, value)
        first = fields[0].value
        return self._remove_fields(fields[1:])._replace(first.start, first.end, written(value))

    def _insert(self, pieces: Pieces, steps: Steps, depth: int, value: Values) -> Document:
        """Insert what is missing of a path, whose first `depth` steps lead to these pieces."""
        step, names = steps[depth], names_of(steps[: depth + 1])
        if step.nth and self.shape.has_one(names):
            raise PathError(f"{step.name} has one value: leave out [{step.nth}]")
        if other := replacing(pieces, names, self.shape):
            raise PathError(f"{other.field.name} stands there, and only one can: they are a oneof")
        present = elements(pieces, names, self.shape)
        for missing, there in ((step, len(present)), *((s, 0) for s in steps[depth + 1 :])):
            if missing.nth not in (None, there):
                raise PathError(f"{missing.name} has {there} values: the next is [{there}]")
        is_last = depth == len(steps) - 1
        if present and is_last and present[-1].place is not None:
            end = present[-1].node.end
            return self._replace(end, end, ", " + written(value))
        empty = [f for piece in pieces for f in piece.fields if f.name == step.name]
        if not present and empty and is_last:
            place = empty[0].value
            return self._replace(place.start, place.end, f"[{written(value)}]")
        return self._insert_field(pieces[-1], steps[depth:], value)

    def _insert_field(self, message: Message, steps: Steps, value: Values) -> Document:
        start, end = message.inside.start, message.inside.end
        if message is not self.root and "\n" not in self.text[start:end]:
            text = _field_text(steps, value, "", " ", "")
            gap = "" if self.text[start:end].endswith((" ", "\t")) else " "
            return self._replace(end, end, f"{gap}{text} ")
        newline = "\r\n" if "\r\n" in self.text else "\n"
        indent = self._indent(message)
        unit = "\t" if indent.startswith("\t") else "  "
        text = indent + _field_text(steps, value, indent, newline, unit)
        behind = message.fields[-1].end if message.fields else start
        at = len(self.text) if message is self.root else self.text.find("\n", behind, end) + 1
        ends_line = message is not self.root or self.text.endswith("\n")
        if (at and ends_line) or not self.text.strip("\ufeff"):
            return self._replace(at, at, text + newline)
        at = at or behind  # the last field shares its line with the closing brace
        return self._replace(at, at, newline + text)

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

    def _remove_fields(self, fields: list[Field]) -> Document:
        """Remove fields, with the lines that hold nothing else."""
        kept, at = [], 0
        for start, end in self._runs(fields):
            line = self.text.rfind("\n", at, start) + 1 or at
            begins = line == 0 or self.text[line - 1] == "\n"
            behind = BEHIND.match(self.text, end)
            assert behind is not None
            if begins and behind["end"] is not None and not self.text[line:start].strip(" \t"):
                start, end = line, behind.end()
            else:
                end = behind.end("blanks")
            kept.append(self.text[at:start])
            at = end
        return Document("".join([*kept, self.text[at:]]), self.shape)

    def _runs(self, fields: list[Field]) -> list[tuple[int, int]]:
        """Where fields stand; those that only blanks part are one run."""
        runs: list[tuple[int, int]] = []
        for field in fields:
            start = field.start
            if runs and not self.text[runs[-1][1] : start].strip(" \t"):
                start, _ = runs.pop()
            runs.append((start, field.end))
        return runs

    def _remove_item(self, value: Items, at: int) -> Document:
        """Take an item and one comma out of a list; a comment between them stays."""
        items = value.items
        start, end = items[at].start, items[at].end
        gap = (items[at - 1].end, start) if at else (end, items[1].start)
        between = self.text[gap[0] : gap[1]]
        if "#" in between:
            comma = next(t.start for t in tokens(between) if t.text == ",")
            between = between[:comma] + between[comma + 1 :]
        else:
            between = ""
        return self._replace(min(start, gap[0]), max(end, gap[1]), between)


def _field_text(steps: Steps, value: Values, indent: str, newline: str, unit: str) -> str:
    """A field, or messages within messages around one."""
    if len(steps) == 1:
        return f"{steps[0].name}: {written(value)}"
    inner = _field_text(steps[1:], value, indent + unit, newline, unit)
    return f"{steps[0].name} {{{newline}{indent}{unit}{inner}{newline}{indent}}}"
