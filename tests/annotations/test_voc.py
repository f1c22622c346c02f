"""Reading Pascal VOC XML, also such as no tool would write."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.annotations.voc import Box, read_annotation
from tests.support.annotated import xml


def test_labels_and_edges_are_read() -> None:
    read = read_annotation(xml(("one", 1, 2, 30, 40), ("two", 5, 6, 7.5, 8)))
    assert read.size == (64, 48)
    assert read.filename == "image.png"
    assert read.boxes == (Box("one", 1, 2, 30, 40), Box("two", 5, 6, 7.5, 8))


def test_what_labelimg_ticks_is_read() -> None:
    content = xml(("one", 1, 2, 3, 4)).replace(b"<difficult>0", b"<difficult>1")
    content = content.replace(b"Unspecified", b"Left").replace(b"<truncated>0", b"<truncated>1")
    assert read_annotation(content).boxes == (
        Box("one", 1, 2, 3, 4, difficult=True, truncated=True, pose="Left"),
    )


def test_blanks_around_a_label_do_not_count() -> None:
    assert read_annotation(xml((" one\n", 1, 2, 3, 4))).boxes[0].label == "one"


def test_a_picture_without_boxes_is_an_annotation() -> None:
    assert read_annotation(xml()).boxes == ()


def test_other_encodings_and_a_byte_order_mark_are_read() -> None:
    plain = xml(("zwölf", 1, 2, 3, 4)).decode()
    for encoded in (
        b"\xef\xbb\xbf" + plain.encode(),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>' + plain).encode("latin-1"),
        ('<?xml version="1.0" encoding="UTF-16"?>' + plain).encode("utf-16"),
    ):
        assert read_annotation(encoded).boxes[0].label == "zwölf"


@pytest.mark.parametrize("size", [(0, 0), (-1, 5), None])
def test_a_size_that_is_none_is_not_told(size: tuple[int, int] | None) -> None:
    assert read_annotation(xml(size=size)).size is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"   \n", "it is empty"),
        (b"<annotation>", "no element found, line 1, column 13"),
        (b"<annotation><object></annotation>", "mismatched tag, line 1, column 23"),
        (b"<html></html>", "holds <html> and no <annotation>"),
        (b"not xml at all", "syntax error, line 1"),
        (b"<annotation><object/></annotation>", "object 1 has no name"),
        (b"<annotation><object><name>one</name></object></annotation>", "(one) has no bndbox"),
        (xml(("one", 1, 2, 3, 4)).replace(b"<xmax>3", b"<xmax>wide"), "xmax is wide, not a"),
        (xml(("one", 1, 2, 3, 4)).replace(b"<xmax>3", b"<xmax>inf"), "xmax is inf, not a"),
        (xml(("one", 1, 2, 3, 4)).replace(b"<xmax>3</xmax>", b""), "xmax is missing"),
        (xml(("x" * 300, 1, 2, 3, 4)), "a name that is no label"),
        (b"<?xml version='1.0' encoding='none-such'?><annotation/>", "encoding"),
        (b"<a>" * 50, "nested more than"),
        (b"<annotation>" + b"<a/>" * 300_000, "elements"),
        (b"<annotation>" + b" " * 9_000_000, "larger than 8 MB"),
        (xml(*[("one", 1, 2, 3, 4)] * 10_001), "more than 10000 boxes"),
    ],
)
def test_what_is_no_annotation_is_said_to_be_none(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        read_annotation(content)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "declared",
    [
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><annotation>&l9;</annotation>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>',
        '<!DOCTYPE a SYSTEM "http://localhost/a.dtd"><annotation/>',
    ],
)
def test_a_document_type_is_refused(declared: str) -> None:
    with pytest.raises(ValueError, match="declares a document type"):
        read_annotation(declared.encode())


@given(st.binary(max_size=300) | st.text("<>/annotion objc\n&;!\"'=", max_size=200).map(str.encode))
def test_no_bytes_do_worse_than_a_value_error(content: bytes) -> None:
    with suppress(ValueError):
        read_annotation(content)
