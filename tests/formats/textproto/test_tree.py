"""What is protobuf's text format, what is not, and where."""

from __future__ import annotations

import pytest
from google.protobuf import empty_pb2, text_format
from hypothesis import given
from hypothesis import strategies as st

from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import TextError
from tests.support.pipeline_configs import ALL


@pytest.mark.parametrize("name", ALL)
def test_a_file_comes_back_as_it_was_read(name: str) -> None:
    for content in (ALL[name].encode(), ALL[name].replace("\n", "\r\n").encode()):
        assert Document.read(content).content == content


def test_a_byte_order_mark_and_bytes_that_are_no_utf8_come_back() -> None:
    content = b"\xef\xbb\xbf# caf\xe9\r\na: 1\r\n"
    assert Document.read(content).content == content
    assert Document.read(content).get("a") == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", 1),
        ("a:1;", 1),
        ("a: -7,", -7),
        ("a: - 7", -7),
        ("a: 0x1F", 31),
        ("a: 017", 15),
        ("a: .04", 0.04),
        ("a: 1e-3", 0.001),
        ("a: 2.", 2.0),
        ("a: 1.5f", 1.5),
        ("a: inf", float("inf")),
        ("a: true", True),
        ("a: 'one'", "one"),
        ('a: "tab\\t\\"quoted\\" \\303\\251 \\xc3\\xa9 \\u00e9"', 'tab\t"quoted" é é é'),
        ("a: 'one' \"two\"\n  # between\n 'three'", "onetwothree"),
        ("a: [1, 2, 3]", (1, 2, 3)),
        ("a: [1] a: 2", (1, 2)),
        ("a: [\n  # first\n  1,\n  2\n]", (1, 2)),
    ],
)
def test_a_value_is_read(text: str, value: object) -> None:
    assert Document(text).get("a") == value


@pytest.mark.parametrize(
    "text",
    ["a { b: 1 }", "a: { b: 1 }", "a <b: 1>", "a: <b: 1;>;", "a: [{ b: 1 }]", "a [<b: 1>]"],
)
def test_a_message_is_written_in_many_ways(text: str) -> None:
    assert Document(text).get("a[0].b") == 1
    assert Document(text).has_message("a")


def test_an_extension_is_a_field_like_others() -> None:
    text = "r { [some.package.reader] { path: 'x' } [type.googleapis.com/a.B] { c: 1 } }"
    assert Document(text).get("r.[some.package.reader].path") == "x"


@pytest.mark.parametrize(
    ("text", "line", "column", "why"),
    [
        ("a {\n  b: 1\n", 3, 1, "expected `}` for the `{` of line 1; found the end of the file"),
        ("a: 1\n}\n", 2, 1, "expected the name of a field; found `}`"),
        ("a: “x”", 1, 4, "found the typographic quote “: write \" or '"),
        ('a: "x\nb: 1', 1, 4, 'a string begins with " and does not end in its line'),
        ("a: C:\\data", 1, 5, "expected the name of a field; found `:`"),
        ("a: \\data", 1, 4, "found a backslash outside of a string: write paths in quotes, with /"),
        ('a: "C:\\Users"', 1, 4, "\\U means nothing in a string: write paths with /"),
        ("a 1", 1, 3, "expected `:` or `{` after `a`; found `1`"),
        ("\n  a: ;", 2, 6, "expected a value; found `;`"),
        ("\ufeffa: ;", 1, 4, "expected a value; found `;`"),
        ("a: 1.2.3", 1, 4, "expected a number; found `1.2.3`"),
        ("a: -b", 1, 5, "expected a number; found `b`"),
        ("a: [1, ]", 1, 8, "expected a value; found `]`"),
        ("a: 'x's", 1, 8, "expected `:` or `{` after `s`; found the end of the file"),
        (
            "<!DOCTYPE html>\n<html>",
            1,
            1,
            "expected a configuration, and this is a web page; found `<`",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, line: int, column: int, why: str) -> None:
    with pytest.raises(TextError) as told:
        Document(text)
    assert (told.value.line, told.value.column, told.value.why) == (line, column, why)


@pytest.mark.parametrize("text", ["a {" * 5000, "a: [" * 9, "a: " + "9" * 5000, "[" * 5000])
def test_a_hostile_file_is_refused_and_nothing_worse(text: str) -> None:
    with pytest.raises(TextError):
        Document(text)


PIECES = ["a", "bc", ":", "{", "}", "<", ">", "[", "]", ",", ";", "1", "-", ".5", "'x'", '"y"', "#"]


@given(st.lists(st.sampled_from([*PIECES, " ", "\n"]), max_size=25))
def test_what_is_read_is_what_the_protobuf_library_reads(pieces: list[str]) -> None:
    """The library skips fields that it has no schema for, so it judges the syntax alone. It is
    laxer in places: what we refuse it may take, but what we take it must take."""
    text = " ".join(pieces)
    try:
        Document(text)
    except TextError:
        return
    text_format.Parse(text, empty_pb2.Empty(), allow_unknown_field=True)
