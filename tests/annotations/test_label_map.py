"""The label map, as training reads it, and the reasons why it can't be read."""

from __future__ import annotations

import re

import pytest

from tasks.annotations.label_map import LabelMap, read_label_map

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def test_an_item_of_id_0_for_the_background_is_allowed_and_is_no_label() -> None:
    zero = b"item { id: 0 name: 'background' } "
    shown = b"item { id: 0 name: 'none' display_name: 'background' } "
    for item in (zero, shown):
        assert read_label_map(item + b"item { id: 1 name: 'one' }") == {"one": 1}
    with pytest.raises(ValueError, match="it holds no item but the background"):
        read_label_map(zero)


def test_a_background_that_is_counted_is_a_label() -> None:
    assert read_label_map(b"item { id: 3 name: 'background' }") == {"background": 3}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "item {\n  id: 1\n  name: one\n}",
            "item 1: the name one lacks its quotes: write name: 'o",
        ),
        ("item { id: 1 name: 7 }", "item 1: the name 7 lacks its quotes: write name: '7'"),
        ("item { id: 1 name: true }", "item 1: the name true lacks its quotes"),
        ("item {\n id: 1\n name: stop sign\n}", "line 3: the name stop sign lacks its quotes"),
        ("item { id: 1 name: stop sign }", "line 1: the name stop sign lacks its quotes"),
        ("item {\n name: stop sign  # red\n id: 1\n}", "line 2: the name stop sign lacks its"),
        ("item { name: t-shirt id: 1 }", "line 1: the name t-shirt lacks its quotes"),
        ("item { name: 7up id: 1 }", "line 1: the name 7up lacks its quotes"),
        ("item {\n name: été\n id: 1\n}", "line 2: the name été lacks its quotes"),
        ("item { name: '' id: 1 }", "item 1 has no name"),
        ("item { name: 'one' id: '1' }", 'item 1 (one): its id is "1", not a whole number'),
        ("item { name: 'one' id: 1.5 }", "item 1 (one): its id is 1.5, not a whole number"),
        ("item { name: 'one' id: first }", "item 1 (one): its id is first, not a whole number"),
        ("item { name: 'one' id: -1 }", "one has the id -1, and ids count from 1"),
        ("item { name: 'one' id: 0 }", "one has the id 0, and ids count from 1"),
        ("item { name: 'one' id: 99999999999 }", "the id 99999999999, which is above 2147483647"),
        ("item { id: 1 name: 'one' colour: 'red' }", "line 1, column 26: item has no field colour"),
        ("item {\n  ID: 1\n}", "line 2, column 3: item has no field ID; did you mean id?"),
        ("items { id: 1 }", "column 1: the file has no field items; did you mean item?"),
        ("item { id: 1 name: 'one' keypoints { od: 1 } }", "item.keypoints has no field od"),
        ("item { id: 1 name: 'one' frequency: SOMETIMES }", "line 1, column 37: "),
        ("item { id: 1 name: 'one' instance_count: 'x' }", "line 1, column 42: "),
        ("item { name: 'one ' id: 1 }", "item 1: the name 'one ' has a blank at an end"),
        ("item { name: 'o\u200bne' id: 1 }", "the name of item 1 holds U+200B (zero width space)"),
    ],
)
def test_the_reason_that_is_told_is_the_reason(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        read_label_map(text.encode())


def test_bytes_that_are_no_utf_8_are_told_with_their_line() -> None:
    with pytest.raises(ValueError, match="line 2 is not UTF-8: save it as UTF-8"):
        read_label_map("item {\n name: 'café' id: 1 }".encode("latin-1"))


def test_one_label_in_two_compositions_is_one_label_twice() -> None:
    text = f"item {{ id: 1 name: '{COMPOSED}' }} item {{ id: 2 name: '{DECOMPOSED}' }}"
    with pytest.raises(ValueError, match="occurs twice, in other code points"):
        read_label_map(text.encode())


def test_a_label_map_agrees_with_labels_however_they_are_composed() -> None:
    assert LabelMap({DECOMPOSED: 1}, True).holds({COMPOSED: 1})
    assert not LabelMap({DECOMPOSED: 2}, True).holds({COMPOSED: 1})


def test_all_fields_of_an_item_are_known() -> None:
    more = "keypoints { id: 0 label: 'a' } frequency: FREQUENT ancestor_ids: [2, 3]"
    content = f"item {{ id: 1_0 name: 'one' display_name: 'One' instance_count: 5 {more} }}"
    assert read_label_map(content.encode()) == {"one": 10}  # as Python's protobuf reads it
