"""The fields that a pipeline.config may have, as `pipeline.proto` lists them, and what is wrong in
a text: the protobuf library checks types, our own walk finds every unknown name.

The library's errors stop at the first fault and don't say which field may have been meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import Items, Message
from tasks.formats.textproto.path import PathError, Shape, parse_path
from tasks.formats.textproto.values import Value, Word

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool

PROTO = Path(__file__).with_name("pipeline.proto")
PACKAGE = "object_detection.protos"
ROOT = "TrainEvalPipelineConfig"
LABEL_MAP = "StringIntLabelMap"
SCALARS = ("bool", "float", "int32", "string", "uint32")
EXTENSION = "["  # how the name of an extension begins
MOST_PLACES = 2

# --- the fields ---------------------------------------------------------------------------------


@cache
def _pool() -> DescriptorPool:
    from google.protobuf import descriptor_pool

    pool = descriptor_pool.DescriptorPool()  # our own: the API's protos may be loaded beside
    pool.Add(_file())
    return pool


@cache
def root(name: str = ROOT) -> Descriptor:
    """The message that a whole file is: a pipeline.config, or a `LABEL_MAP`."""
    found: Descriptor = _pool().FindMessageTypeByName(f"{PACKAGE}.{name}")
    return found


def _file() -> FileDescriptorProto:
    """What `pipeline.proto` declares behind its head, one thing a line."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = FileDescriptorProto(name="tod_pipeline.proto", package=PACKAGE, syntax="proto2")
    blocks: list[Any] = [file]
    _, _, declarations = PROTO.read_text(encoding="utf-8").partition("\n\n")
    for line in declarations.splitlines():
        here = blocks[-1]
        match line.strip(" {;").split():
            case ["message", name]:
                held = here.message_type if here is file else here.nested_type
                blocks.append(held.add(name=name))
            case ["enum", name]:
                blocks.append(here.enum_type.add(name=name))
            case ["oneof", name]:
                here.oneof_decl.add(name=name)
                blocks.append(here)
            case ["}"]:
                blocks.pop()
            case ["extensions", first, "to", last]:
                here.extension_range.add(start=int(first), end=int(last))
            case ["optional" | "repeated" as label, kind, name, "=", number, *options]:
                _add_field(here, label, kind, name, number, options)
            case [kind, name, "=", number, *options]:  # of a oneof: those have no label
                field = _add_field(here, "optional", kind, name, number, options)
                field.oneof_index = len(here.oneof_decl) - 1
            case [name, "=", number]:
                here.value.add(name=name, number=int(number))
    return file


def _add_field(
    message: Any, label: str, kind: str, name: str, number: str, options: list[str]
) -> Any:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

    field = message.field.add(name=name, number=int(number))
    field.label = getattr(Proto, f"LABEL_{label.upper()}")
    if kind in SCALARS:
        field.type = getattr(Proto, f"TYPE_{kind.upper()}")
    else:  # a message or an enum: protobuf finds out which
        field.type_name = f".{PACKAGE}.{kind}"
    if options:
        field.default_value = options[-1].strip('"]')
    return field


def field_at(path: str) -> FieldDescriptor | None:
    """The field that a path leads to; None if there is none."""
    try:
        return _at(tuple(step.name for step in parse_path(path)))
    except PathError:
        return None


@cache
def _at(names: tuple[str, ...], file: str = ROOT) -> FieldDescriptor | None:
    *above, name = names
    holder = _at(tuple(above), file) if above else None
    message = holder.message_type if holder else None if above else root(file)
    return message.fields_by_name.get(name) if message else None


class Known(Shape):
    """Which fields of a file have one value, and which exclude one another; `file` is the message
    that it is. A field that is not known may have any number."""

    def __init__(self, file: str) -> None:
        self.file = file

    def has_one(self, names: tuple[str, ...]) -> bool:
        field = _at(names, self.file)
        return field is not None and not field.is_repeated

    def rivals(self, names: tuple[str, ...]) -> tuple[str, ...]:
        field = _at(names, self.file)
        members = field.containing_oneof.fields if field and field.containing_oneof else ()
        return tuple(member.name for member in members if member.name != names[-1])


SHAPE, LABEL_MAP_SHAPE = Known(ROOT), Known(LABEL_MAP)


def default(path: str) -> Value | None:
    """What a field means that is not there; None for messages, lists and unknown fields."""
    field = field_at(path)
    if field is None or field.is_repeated or field.message_type:
        return None
    value: Value = field.default_value
    if field.enum_type:
        return Word(field.enum_type.values_by_number[value].name)
    return float(f"{value:.6g}") if isinstance(value, float) else value  # the library's is float32


# --- names that are not known -------------------------------------------------------------------


def unknown(path: str) -> str:
    """Which name of a path is not a field, as a clause; "" if all are or one is an extension."""
    message, above = root(), list[str]()
    for step in parse_path(path):
        if step.name.startswith(EXTENSION):
            return ""
        field = message.fields_by_name.get(step.name) if message else None
        if field is None:
            return no_field(".".join(above), step.name, message)
        message = field.message_type
        above.append(step.name)
    return ""


def unknown_fields(document: Document, name: str = ROOT) -> Iterator[str]:
    """Every field that its message does not have, with line and column, in the order of the text;
    `name` is the message that the whole file is. Extensions may be of any package: passed over."""
    line, begin = 1, 0  # counted on from field to field: from the start each time costs a square
    for at, why in _unknown(document.root, root(name), ""):
        if ends := document.text.count("\n", begin, at):
            line, begin = line + ends, document.text.rindex("\n", begin, at) + 1
        yield f"line {line}, column {at - begin + 1}: {why}"


def _unknown(message: Message, kind: Descriptor | None, where: str) -> Iterator[tuple[int, str]]:
    known = kind.fields_by_name if kind else {}
    for field in message.fields:
        if field.name.startswith(EXTENSION):
            continue
        if field.name not in known:
            yield field.start, no_field(where, field.name, kind)
            continue
        path = f"{where}.{field.name}" if where else field.name
        values = field.value.items if isinstance(field.value, Items) else (field.value,)
        for value in values:
            if isinstance(value, Message):
                yield from _unknown(value, known[field.name].message_type, path)


@cache
def no_field(where: str, name: str, kind: Descriptor | None) -> str:
    """That a message of this kind, at this place, has no such field; where it belongs, or what it
    is called, if that can be told."""
    fault = f"{where or 'the file'} has no field {name}"
    known = kind.fields_by_name if kind else {}
    if close := get_close_matches(name.lower(), known, 1, 0.75):
        return f"{fault}; did you mean {close[0]}?"
    homes = [p for one, paths in places().items() if name in one.fields_by_name for p in paths]
    if homes and len(homes) <= MOST_PLACES:
        return f"{fault}; it belongs in {' or '.join(homes)}"
    return fault


@cache
def places() -> dict[Descriptor, list[str]]:
    """Message → the shortest paths that lead to one."""
    found = {root(): [""]}
    level = [root()]
    while level:
        below: dict[Descriptor, list[str]] = {}
        for message in level:
            for field in message.fields:
                if field.message_type and field.message_type not in found:
                    paths = [f"{path}.{field.name}".lstrip(".") for path in found[message]]
                    below.setdefault(field.message_type, []).extend(paths)
        found |= below
        level = list(below)
    return found


# --- types --------------------------------------------------------------------------------------


@cache
def message_class(name: str = ROOT) -> Any:  # made at run time; no stub knows it
    """What such a file is read into."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(root(name))


def parsed(text: str, name: str = ROOT) -> Any:
    """The text as the API's message has it; fields that are not known are passed over. What the
    library can't read is its ParseError."""
    from google.protobuf import text_format

    # Merge, as in object_detection/utils/config_util.py: a field may stand several times.
    made = message_class(name)()
    return text_format.Merge(text, made, allow_unknown_field=True, allow_unknown_extension=True)


def fault(text: str, name: str = ROOT) -> str | None:
    """What the protobuf library finds wrong in a text, with line and column; None if nothing. A
    byte order mark is a fault: the API does not read past it."""
    from google.protobuf import text_format

    if text.startswith("\ufeff"):
        return "line 1, column 1: a byte order mark, which the Object Detection API can't read"
    try:
        text.encode()
        parsed(text, name)
    except text_format.ParseError as error:
        message = " ".join(str(error).split()).replace(f"{PACKAGE}.", "")
        line, column = error.GetLine(), error.GetColumn()
        place = f"line {line}, column {column}" if column else f"line {line}"
        return f"{place}: {message.partition(' : ')[2] or message}" if line else message
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        return f"line {line}: bytes that are not UTF-8"
    return None
