"""An edit means to the protobuf library what it means to the editor."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2, text_format
from hypothesis import given
from hypothesis import strategies as st

from tasks.formats.textproto.edit import Document

TEXT = """# a Value, since every installation of protobuf has its schema
list_value {
  values { number_value: 1 }  # first
  values: { string_value: 'two' };
  values < bool_value: true >
  values { list_value { values [{ number_value: .5 }, { number_value: 1e3 }] } }
}
"""


def read(text: str) -> Any:
    return text_format.Parse(text, struct_pb2.Value())


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number(number: float) -> None:
    path = "list_value.values[3].list_value.values[1].number_value"
    meant = read(TEXT)
    meant.list_value.values[3].list_value.values[1].number_value = number
    assert read(Document(TEXT).set(path, number).text) == meant


@given(st.text(max_size=40))
def test_a_string(text: str) -> None:
    meant = read(TEXT)
    meant.list_value.values[1].string_value = text
    assert read(Document(TEXT).set("list_value.values[1].string_value", text).text) == meant


@pytest.mark.parametrize("index", range(4))
def test_what_is_removed(index: int) -> None:
    meant = read(TEXT)
    del meant.list_value.values[index]
    assert read(Document(TEXT).remove(f"list_value.values[{index}]").text) == meant


def test_what_is_inserted() -> None:
    meant = read(TEXT)
    meant.list_value.values.add().string_value = "new"
    meant.list_value.values[3].list_value.values.add().bool_value = False
    document = Document(TEXT).set("list_value.values[4].string_value", "new")
    path = "list_value.values[3].list_value.values[2].bool_value"
    assert read(document.set(path, False).text) == meant
