"""Set, insert, remove: the value changes, and every other byte stays."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.formats.textproto.edit import Document, Values
from tasks.formats.textproto.path import PathError, plain
from tasks.formats.textproto.values import Word, same
from tests.support.pipeline_configs import ALL, FASTER_RCNN

PATHS = [
    "train_config.batch_size",
    "train_config.num_steps",
    "train_config.fine_tune_checkpoint",
    "train_config.use_bfloat16",
    "train_input_reader.label_map_path",
    "eval_input_reader[0].tf_record_input_reader.input_path",
    "eval_config.include_metrics_per_category",
    "quite.new.message",
]


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


def test_a_value_is_replaced_and_its_comment_stays() -> None:
    after = Document(FASTER_RCNN).set("train_config.use_bfloat16", False).text
    assert changed_lines(FASTER_RCNN, after) == [
        "-   use_bfloat16: true  # works only on TPUs\n",
        "+   use_bfloat16: false  # works only on TPUs\n",
    ]


def test_a_string_keeps_its_kind_of_quotes() -> None:
    document = Document("a: 'x'\nb: \"y\"\n").set("a", "it's").set("b", "it's")
    assert document.text == "a: 'it\\'s'\nb: \"it's\"\n"


@pytest.mark.parametrize(
    ("text", "path", "value", "after"),
    [
        ("m {\n    a: 1  # one\n}\n", "m.b", 2, "m {\n    a: 1  # one\n    b: 2\n}\n"),
        ("m {\r\n\ta: 1\r\n}\r\n", "m.b", 2, "m {\r\n\ta: 1\r\n\tb: 2\r\n}\r\n"),
        ("m { a: 1 }", "m.b", Word("V2"), "m { a: 1 b: V2 }"),
        ("m {}", "m.b", 2, "m { b: 2 }"),
        ("m {\n}", "m.b", 2, "m {\n  b: 2\n}"),
        ("m {\n  a: 1 }", "m.b", 2, "m {\n  a: 1\n  b: 2 }"),
        ("a: 1", "b", 2, "a: 1\nb: 2"),
        ("a: 1\n", "m.n.b", 2, "a: 1\nm {\n  n {\n    b: 2\n  }\n}\n"),
        ("", "a", True, "a: true\n"),
        ("\ufeff", "a", 1.0, "\ufeffa: 1.0\n"),
        ("# only a comment\n", "a", 1, "# only a comment\na: 1\n"),
        ("l: [1, 2]", "l[2]", 3, "l: [1, 2, 3]"),
        ("l: []", "l[0]", 1, "l: [1]"),
        ("l: [1, 2]", "l[1]", 5, "l: [1, 5]"),
        ("l: [1, 2]", "l", (7,), "l: [7]"),
        ("l: 1\nx: 0\nl: 2\n", "l", (7, 8), "l: [7, 8]\nx: 0\n"),
        ("r { a: 1 }\nr { a: 2 }\n", "r[1].a", 3, "r { a: 1 }\nr { a: 3 }\n"),
        ("r { a: 1 }\n", "r[1].a", 3, "r { a: 1 }\nr {\n  a: 3\n}\n"),
        ("a: 'x' 'y'  # two pieces\n", "a", "z", "a: 'z'  # two pieces\n"),
        ("m: <a: 1;>;", "m.a", 2, "m: <a: 2;>;"),
    ],
)
def test_a_value_is_set_or_inserted(text: str, path: str, value: Values, after: str) -> None:
    document = Document(text).set(path, value)
    assert document.text == after
    assert same(document.get(path), value) or document.get(path) == (value,)


@pytest.mark.parametrize(
    ("text", "path", "after"),
    [
        ("a: 1\nb: 2\n", "a", "b: 2\n"),
        ("  a: 1;  # why\nb: 2\n", "a", "  # why\nb: 2\n"),
        ("a: 1 b: 2\n", "a", "b: 2\n"),
        ("m {\n  n { x: 1 }\n}\n", "m.n", "m {\n}\n"),
        ("l: [1, 2, 3]", "l[1]", "l: [1, 3]"),
        ("l: [1, 2, 3]", "l[0]", "l: [2, 3]"),
        ("l: [1]\n", "l[0]", ""),
        ("l: [1, 2]\nl: 3\nx: 1\n", "l", "x: 1\n"),
        ("l: [1,  # one\n 2]", "l[1]", "l: [1  # one\n ]"),
        ("a: 1\n", "b.c", "a: 1\n"),
    ],
)
def test_a_value_is_removed(text: str, path: str, after: str) -> None:
    assert Document(text).remove(path).text == after


@pytest.mark.parametrize(
    ("text", "path", "why"),
    [
        ("a: 1", "", "expected names"),
        ("a: 1", "a.", "expected names"),
        ("a: 1", "a..b", "expected names"),
        ("a: 1", "a b", "expected names"),
        ("a: 1", "a.b", "a is a value and holds no fields"),
        ("m { }", "m", "a message stands there"),
        ("l: 1 l: 2", "l", "it has 2 values: say which"),
        ("r { } r { }", "r.a", "r occurs 2 times"),
        ("l: [1]", "l[3]", "l has 1 values: the next is [1]"),
    ],
)
def test_a_path_that_does_not_fit_is_refused(text: str, path: str, why: str) -> None:
    with pytest.raises(PathError, match="^" + why.replace("[", r"\[")):
        Document(text).set(path, 5)


def test_an_index_that_says_nothing_is_left_out() -> None:
    assert plain("a[0].b[1].c") == "a.b[1].c"


VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.booleans(),
    st.text(max_size=30),
    st.just(Word("V2")),
)


@given(st.sampled_from(sorted(ALL)), st.sampled_from(PATHS), VALUES, st.booleans())
def test_what_was_set_is_read_and_nothing_else_is_touched(
    name: str, path: str, value: Values, windows: bool
) -> None:
    text = ALL[name].replace("\n", "\r\n") if windows else ALL[name]
    document = Document(text).set(path, value)
    assert same(document.get(path), value)
    assert document.set(path, value).text == document.text
    for other in PATHS:
        if other != path and Document(text).get(other) is not None:
            assert document.get(other) == Document(text).get(other)
    gone = [line for line in changed_lines(text, document.text) if line[0] == "-"]
    assert len(gone) <= 1  # the value's own line, or none: an inserted line changes no other


@given(st.text(max_size=60))
def test_any_text_survives_as_a_string(text: str) -> None:
    for mark in ("a: ''", 'a: ""'):
        assert Document(Document(mark).set("a", text).text).get("a") == text
