"""A text held against the schema: by the protobuf library its types, by our own walk its names.

The library stops at the first unknown field and knows nothing of those that look alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.tree import Items, Message
from tasks.pipeline_config.fields import EXTENSION, ROOT, Field, no_field, table

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

PACKAGE = "object_detection.protos"
SCALARS = ("bool", "float", "int32", "string", "uint32")


def fault(text: str) -> str | None:
    """What the protobuf library finds wrong in a text, with line and column; None if nothing.

    A byte order mark is a fault: the API does not read past it.
    """
    from google.protobuf import text_format

    if text.startswith("\ufeff"):
        return "line 1, column 1: a byte order mark, which the Object Detection API can't read"
    try:
        text.encode()
        # Merge, as in object_detection/utils/config_util.py: a field that stands several times is
        # no fault. The message class is made at run time; no stub knows it.
        text_format.Merge(
            text, _message_class()(), allow_unknown_field=True, allow_unknown_extension=True
        )
    except text_format.ParseError as error:
        return _told(error)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        return f"line {line}: bytes that are no UTF-8"
    return None


def _told(error: Any) -> str:
    line, column = error.GetLine(), error.GetColumn()
    message = " ".join(str(error).split()).replace(f"{PACKAGE}.", "")
    if not line:
        return message
    _, _, rest = message.partition(" : ")
    place = f"line {line}, column {column}" if column else f"line {line}"
    return f"{place}: {rest or message}"


def unknown_fields(document: Document) -> Iterator[str]:
    """Every field that its message does not have, with line and column, in the order of the text.

    Extensions are passed over: they may be of any package.
    """
    line, begin = 1, 0  # counted on from field to field: from the start each time costs a square
    for at, why in _unknown(document.root, ROOT, ""):
        if ends := document.text.count("\n", begin, at):
            line, begin = line + ends, document.text.rindex("\n", begin, at) + 1
        yield f"line {line}, column {at - begin + 1}: {why}"


def _unknown(message: Message, kind: str, where: str) -> Iterator[tuple[int, str]]:
    known = table().messages.get(kind, {})
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
                yield from _unknown(value, known[field.name].kind, path)


@cache
def _message_class() -> Any:
    from google.protobuf import descriptor_pool, message_factory

    pool = descriptor_pool.DescriptorPool()  # our own: the API's protos may be loaded beside
    pool.Add(_file())
    found = pool.FindMessageTypeByName(f"{PACKAGE}.{ROOT}")
    return message_factory.GetMessageClass(found)


def _file() -> FileDescriptorProto:
    """The table as protobuf has it; `Outer.Inner` is declared inside `Outer`, which comes first."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = FileDescriptorProto(name="tod_pipeline.proto", package=PACKAGE, syntax="proto2")
    made: dict[str, DescriptorProto] = {}
    for full, fields in table().messages.items():
        outer, _, name = full.rpartition(".")
        made[full] = (made[outer].nested_type if outer else file.message_type).add(name=name)
        for field in fields.values():
            _add(made[full], field)
        if full in table().extended:
            made[full].extension_range.add(start=1000, end=2000)
    for full, values in table().enums.items():
        outer, _, name = full.rpartition(".")
        enum = (made[outer] if outer else file).enum_type.add(name=name)
        for value, number in values.items():
            enum.value.add(name=value, number=number)
    return file


def _add(message: DescriptorProto, field: Field) -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

    made = message.field.add(name=field.name, number=field.number)
    made.label = Proto.LABEL_REPEATED if field.repeated else Proto.LABEL_OPTIONAL
    if field.kind in SCALARS:
        made.type = getattr(Proto, f"TYPE_{field.kind.upper()}")
    else:
        made.type = Proto.TYPE_ENUM if field.kind in table().enums else Proto.TYPE_MESSAGE
        made.type_name = f".{PACKAGE}.{field.kind}"
    if field.oneof:
        known = [one.name for one in message.oneof_decl]
        if field.oneof not in known:
            message.oneof_decl.add(name=field.oneof)
            known.append(field.oneof)
        made.oneof_index = known.index(field.oneof)
