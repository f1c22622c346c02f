"""Which fields a pipeline.config may have: the table of `messages.txt`, and the way through it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from msgspec import Struct

from tasks.formats.textproto.path import PathError, steps
from tasks.formats.textproto.values import Value, Word, number, word

TABLE = Path(__file__).with_name("messages.txt")
ROOT = "TrainEvalPipelineConfig"
EXTENSION = "["  # how the name of an extension begins
MOST_PLACES = 2


class Field(Struct, frozen=True):
    """A field of a message.

    Attributes:
        kind: a scalar's type, or the name of a message or enum.
        oneof: of the fields that share this name only one may be there; "" if it stands alone.
        default: what it means if it is not there, as text; "" if the table has none.
    """

    name: str
    number: int
    kind: str
    repeated: bool = False
    oneof: str = ""
    default: str = ""


class Table(Struct, frozen=True):
    """All types.

    Attributes:
        messages: name → fields by name.
        enums: name → value → number.
        extended: messages that take fields of other packages.
    """

    messages: dict[str, dict[str, Field]]
    enums: dict[str, dict[str, int]]
    extended: frozenset[str]


@cache
def table() -> Table:
    """The table, read once in a run."""
    messages: dict[str, dict[str, Field]] = {}
    enums: dict[str, dict[str, int]] = {}
    extended = set()
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        match line.partition("#")[0].split():
            case ["message", name, *more]:
                fields = messages.setdefault(name, {})
                extended |= {name} if more else set()
            case ["enum", name]:
                values = enums.setdefault(name, {})
            case [name, place] if enums:
                values[name] = int(place)
            case [name, place, kind, *more]:
                fields[name] = _field(name, place, kind, more)
    return Table(messages, enums, frozenset(extended))


def _field(name: str, place: str, kind: str, more: Iterable[str]) -> Field:
    default = "".join(word[1:] for word in more if word.startswith("="))
    oneof = "".join(word for word in more if not word.startswith("="))
    return Field(name, int(place), kind.lstrip("*"), kind.startswith("*"), oneof, default)


def field_at(path: str) -> Field | None:
    """The field that a path leads to; None if there is none."""
    try:
        return _at(tuple(step.name for step in steps(path)))
    except PathError:
        return None


@cache
def _at(names: tuple[str, ...]) -> Field | None:
    holder = _at(names[:-1]) if names[1:] else None
    kind = ROOT if not names[1:] else holder.kind if holder else ""
    return table().messages.get(kind, {}).get(names[-1])


class Pipeline:
    """Which fields of a pipeline.config have one value, and which exclude one another: see
    `textproto.merge.Shape`. A field that is not in the table may have any number."""

    def has_one(self, names: tuple[str, ...]) -> bool:
        field = _at(names)
        return field is not None and not field.repeated

    def rivals(self, names: tuple[str, ...]) -> tuple[str, ...]:
        field = _at(names)
        if field is None or not field.oneof:
            return ()
        holder = _at(names[:-1]) if names[1:] else None
        beside = table().messages[holder.kind if holder else ROOT].values()
        return tuple(f.name for f in beside if f.oneof == field.oneof and f != field)


SHAPE = Pipeline()


def default(path: str) -> Value | None:
    """What a field means that is not there; None for messages, lists and unknown fields."""
    field = field_at(path)
    if field is None or field.repeated or field.kind in table().messages:
        return None
    if field.kind == "string":
        return field.default
    if field.kind in table().enums:
        return Word(field.default or next(iter(table().enums[field.kind])))
    if field.kind == "bool":
        return field.default == "true"
    minus = field.default.startswith("-")
    text = field.default.lstrip("-") or "0"
    value = number(text, minus=minus)
    return word(text, minus=minus) if value is None else value


def is_enum(path: str) -> bool | None:
    """Whether a path leads to an enum; None if there is no such field."""
    field = field_at(path)
    return None if field is None else field.kind in table().enums


def unknown(path: str) -> str:
    """Which name of a path is none, as a clause; "" if all are known or one is an extension."""
    kind, way = ROOT, list[str]()
    for step in steps(path):
        fields = table().messages.get(kind, {})
        if step.name.startswith(EXTENSION):
            return ""
        if step.name not in fields:
            return no_field(".".join(way), step.name, kind)
        kind = fields[step.name].kind
        way.append(step.name)
    return ""


@cache
def no_field(where: str, name: str, kind: str) -> str:
    """That a message of this kind, at this place, has no such field; where it belongs, or what it
    is called, if that can be told."""
    said = f"{where or 'the file'} has no field {name}"
    known: Mapping[str, Field] = table().messages.get(kind, {})
    if close := get_close_matches(name, known, 1, 0.75):
        return f"{said}; did you mean {close[0]}?"
    homes = [
        place
        for home, fields in table().messages.items()
        if name in fields
        for place in places().get(home, ())
    ]
    if homes and len(homes) <= MOST_PLACES:
        return f"{said}; it belongs in {' or '.join(homes)}"
    return said


@cache
def places() -> dict[str, list[str]]:
    """Message → the shortest paths that lead to one."""
    found: dict[str, list[str]] = {ROOT: [""]}
    level = [ROOT]
    while level:
        here: dict[str, list[str]] = {}
        for kind in level:
            for field in table().messages[kind].values():
                if field.kind in table().messages and field.kind not in found:
                    ways = [f"{way}.{field.name}".lstrip(".") for way in found[kind]]
                    here.setdefault(field.kind, []).extend(ways)
        found |= here
        level = list(here)
    return found
