"""A value is read as the protobuf library reads it into a field, and refused where no field takes
it. The schema is made here, so that each kind of field is there."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from hypothesis import example, given
from hypothesis import strategies as st

from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import TextError
from tasks.formats.textproto.values import Value, Word

# The library warns of the escapes that it keeps as they stand.
pytestmark = pytest.mark.filterwarnings("ignore:.*invalid.*escape:DeprecationWarning")

Proto = descriptor_pb2.FieldDescriptorProto
KINDS = {
    "i": Proto.TYPE_INT64,
    "u": Proto.TYPE_UINT64,
    "d": Proto.TYPE_DOUBLE,
    "b": Proto.TYPE_BOOL,
    "s": Proto.TYPE_STRING,
    "e": Proto.TYPE_ENUM,
    "y": Proto.TYPE_BYTES,
}


def message_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="all.proto", package="all", syntax="proto2")
    enum = file.enum_type.add(name="E")
    for number, name in enumerate(("A", "V2")):
        enum.value.add(name=name, number=number)
    file.message_type.add(name="M").extension_range.add(start=100, end=200)
    fields = file.message_type[0].field
    for number, (name, kind) in enumerate(KINDS.items(), 1):
        for repeated in (False, True):
            field = fields.add(name=name * (1 + repeated), number=number + 20 * repeated)
            field.type, field.label = kind, 1 + 2 * repeated
            if kind == Proto.TYPE_ENUM:
                field.type_name = ".all.E"
    fields.add(name="m", number=50, type=Proto.TYPE_MESSAGE, label=1, type_name=".all.M")
    fields.add(name="mm", number=51, type=Proto.TYPE_MESSAGE, label=3, type_name=".all.M")
    file.extension.add(name="x", number=100, type=Proto.TYPE_INT64, label=1, extendee=".all.M")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("all.M"))


MESSAGE = message_class()


def library(text: str) -> Any | None:
    """The message, as the API reads it; None if the library refuses the text."""
    try:
        return text_format.Merge(text, MESSAGE())
    except text_format.ParseError:
        return None


def as_field(value: Value, kind: str) -> Any:
    """What the library holds for a value that stands in a field of this kind."""
    if kind == "b":
        return bool(value)
    if isinstance(value, Word):
        return ("A", "V2").index(value.text)
    if kind == "d" and isinstance(value, bool):
        return None
    return float(value) if kind == "d" else value


def equal(one: Any, other: Any) -> bool:
    return bool(one == other or (one != one and other != other))


DIGITS = st.from_regex(
    r"[+-]?(0[xXbo]?[0-9a-fA-F_]{0,4}|[0-9_]{1,4}\.?[0-9]{0,3})([eE][+-]?[0-9]{0,3})?[fF]{0,2}",
    fullmatch=True,
)
SPECIAL = "true True t false False f TRUE inf -inf Infinity -infinityf nan NaN nanf A V2 B"
WORDS = st.sampled_from(SPECIAL.split())
ESCAPED = st.lists(
    st.one_of(
        st.from_regex(
            r"\\([0-7]{1,3}|x[0-9a-f]{1,2}|u00[0-9a-f]{2}|[abfnrtv\\'\"?qdD])", fullmatch=True
        ),
        st.sampled_from(["a", "é", "\t", "#", "\u2028", "\xa0", " "]),
    ),
    max_size=5,
).map(lambda pieces: "'" + "".join(pieces).replace("\n", "") + "'")
STRINGS = st.lists(ESCAPED, min_size=1, max_size=3).map(" \n# between\n".join)


@given(st.one_of(DIGITS, WORDS, STRINGS), st.sampled_from("iudbse"))
@example("'\\377'", "s")
@example("'\\400'", "s")
@example("08.5", "d")
@example("+1", "i")
@example("1_0", "i")
@example("1ff", "d")
@example("0f", "d")
def test_what_the_library_takes_is_read_with_the_same_value(literal: str, kind: str) -> None:
    message = library(f"{kind}: {literal}")
    if message is not None:
        value = Document(f"{kind}: {literal}").get(kind)
        assert value is not None
        assert not isinstance(value, tuple)
        assert equal(as_field(value, kind), getattr(message, kind))


@given(st.one_of(DIGITS, STRINGS))
def test_what_no_field_takes_is_refused(literal: str) -> None:
    try:
        value = Document(f"i: {literal}").get("i")
    except TextError:
        return
    if isinstance(value, Word):  # `_1` is a name, which an enum may have
        return
    # Too large for a field is a fault of the field's kind, not of the text.
    assert len(literal) > 15 or any(library(f"{kind}: {literal}") is not None for kind in "iudy")


@pytest.mark.parametrize(
    "text",
    [
        "ii: [1, 2] ii: 3",
        "ii: []",
        "ss: ['a' 'b', \"c\"]",
        "m < i: 1 >",
        "m: { i: 1; };",
        "mm: [{ i: 1 }, < i: 2 >] mm { }",
        "[all.x]: 3",
        "[ all . x ] : 3",
        "m { [all.x]: 3, i: 2 }",
        "i\n:\n1 # why\n",
        "i:\xa01\u2003b:\x0btrue",
        "m { } m { i: 2 }",
        "i: 1 # the last line has no end",
        "# café “so” \\",
    ],
)
def test_a_way_of_writing_that_the_library_takes_is_read(text: str) -> None:
    assert library(text) is not None
    Document(text)


@pytest.mark.parametrize(
    "text",
    [
        *("i: 1;;", "i 1", "ii: [1,]", "m < i: 1 }", "m", "m:", "s: `a`", "s: 'a\nb'", "- i: 1"),
        *("i: --1", "i: 1//c", "/* c */ i: 1", "i: 1\x00", "s: '\\x'", "s: '\\u12'"),
        *("f: 1e", "i: 1i: 2"),
    ],
)
def test_a_way_of_writing_that_the_library_refuses_is_refused(text: str) -> None:
    assert library(text) is None
    with pytest.raises(TextError):
        Document(text)
