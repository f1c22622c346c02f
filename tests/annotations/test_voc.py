"""Reading Pascal VOC XML, also such as no tool would write."""

from __future__ import annotations

import math
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.annotations.voc import Box, read_annotation
from tests.support.annotated import proposed, xml


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


def test_what_a_network_proposed_is_told_until_a_person_confirmed_it() -> None:
    content = proposed(("one", 1, 2, 3, 4))
    assert read_annotation(content).proposed_by == "net"
    verified = content.replace(b"<annotation>", b'<annotation verified="yes">', 1)
    assert read_annotation(verified).proposed_by == ""
    saved = content.replace(b"<annotation>proposed by net</annotation>", b"")  # as labelImg does
    assert read_annotation(saved).proposed_by == ""


def test_blanks_around_a_label_do_not_count() -> None:
    assert read_annotation(xml((" one\n", 1, 2, 3, 4))).boxes[0].label == "one"


def test_a_picture_without_boxes_is_an_annotation() -> None:
    assert read_annotation(xml()).boxes == ()


NUMBERS: dict[str, float | str] = {
    "3": 3.0,
    " 12\n": 12.0,
    "+3": 3.0,
    "1e1": 10.0,
    "128.0": 128.0,
    ".5": 0.5,
    "007": 7.0,
    "-0.0": 0.0,
    "-1.4e-13": -1.4e-13,
    "1,5": "with a comma: write a decimal point",
    "1,234": "with a comma",
    "nan": "not a number",
    "-inf": "not a number",
    "0x10": "not a number",
    "1_0": "not a number",
    "١٢": "not a number",
    "１２": "not a number",
    "1e": "not a number",
    "--1": "not a number",
    "1e999": "too large a number",
    "9" * 400: "too large a number",
}


@pytest.mark.parametrize("written", NUMBERS, ids=range(len(NUMBERS)))
def test_a_number_is_read_strictly_or_told_as_it_stands(written: str) -> None:
    content = xml(("one", 1, 2, 30, 40)).replace(b"<xmin>1", f"<xmin>{written}".encode())
    meant = NUMBERS[written]
    if isinstance(meant, float):
        (box,) = read_annotation(content).boxes
        assert (box.xmin, math.copysign(1, box.xmin)) == (meant, math.copysign(1, meant))
    else:
        with pytest.raises(ValueError, match=re.escape(f"object 1 (one): xmin is {written[:30]}")):
            read_annotation(content)
        with pytest.raises(ValueError, match=meant):
            read_annotation(content)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("", "it has no <size>"),
        ("<size/>", "its width is missing, not a number"),
        (
            "<size><width>0</width><height>0</height></size>",
            "its width is 0, not a number of pixels",
        ),
        (
            "<size><width>64</width><height>48.5</height></size>",
            "its height is 48.5, not a number of pixels",
        ),
        ("<size><width>64</width><height>4８</height></size>", "its height is 4８, not a number"),
        ("<size><width>64px</width><height>48</height></size>", "its width is 64px, not a"),
    ],
)
def test_a_size_that_can_not_be_read_says_why(size: str, words: str) -> None:
    read = read_annotation(f"<annotation>{size}</annotation>".encode())
    assert read.size is None
    assert words in read.unsized


def test_a_size_with_a_decimal_point_is_a_size() -> None:
    content = b"<annotation><size><width>128.0</width><height>96</height></size></annotation>"
    assert read_annotation(content).size == (128, 96)


LETTERS = {
    "gb2312": "骰子",
    "GBK": "鎔",
    "gb18030": "𠀀",
    "Shift_JIS": "サイコロ",
    "shift-jis": "①",  # only in the set of Windows, which everyone calls by this name
    "EUC-JP": "サイコロ",
    "ISO-2022-JP": "サイコロ",
    "big5": "骰子",
    "EUC-KR": "주사위",
    "windows-1251": "кубик",
    "KOI8-R": "кубик",
    "windows-1252": "“würfel”",
    "ISO-8859-2": "kostka ž",
    "macintosh": "dé",
    "US-ASCII": "die",
    "UTF-8": "würfel",
    "windows-31j": "①",
    "x-sjis": "サイコロ",
    "x-gbk": "鎔",
    "windows-949": "주사위",
    "ISO-8859-8-I": "קוביה",
    "CP-1251": "кубик",
}
# What browsers and Microsoft call what, and what Python calls it.
OTHER_NAMES = {
    "shift-jis": "cp932",
    "windows-31j": "cp932",
    "x-sjis": "cp932",
    "x-gbk": "gbk",
    "windows-949": "cp949",
    "ISO-8859-8-I": "iso8859-8",
    "CP-1251": "cp1251",
}


@pytest.mark.parametrize("encoding", LETTERS)
def test_the_encodings_of_all_countries_are_read(encoding: str) -> None:
    label = LETTERS[encoding]
    wide = OTHER_NAMES.get(encoding, encoding)
    text = f"<?xml version='1.0' encoding='{encoding}' ?>\n" + xml((label, 1, 2, 3, 4)).decode()
    assert read_annotation(text.encode(wide)).boxes[0].label == label


@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("width", [16, 32])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("declared", ["", "<?xml version='1.0' encoding='UTF-16'?>"])
def test_utf_16_and_32_need_no_mark(order: str, width: int, mark: str, declared: str) -> None:
    text = mark + declared + xml(("zwölf 🎲", 1, 2, 3, 4)).decode()
    content = text.encode(f"utf-{width}-{order}")
    assert read_annotation(content).boxes[0].label == "zwölf 🎲"


def test_a_byte_order_mark_counts_more_than_the_declaration() -> None:
    text = "<?xml version='1.0' encoding='gb2312'?>" + xml(("zwölf", 1, 2, 3, 4)).decode()
    assert read_annotation(text.encode("utf-8-sig")).boxes[0].label == "zwölf"


@pytest.mark.parametrize(
    ("declared", "written", "words"),
    [
        ("", "latin-1", "line 4 is not UTF-8, and it declares no other encoding; save it as UTF-8"),
        ("UTF-8", "latin-1", "line 4 is not UTF-8, which it declares"),
        ("ascii", "utf-8", "line 4 is not ASCII, which it declares"),
        ("euc-jp", "latin-1", "EUC_JP, which it declares"),
        ("UTF-16", "utf-8", "it declares the encoding UTF-16 and is not written in it"),
        ("cp500", "utf-8", "it declares the encoding cp500 and is not written in it"),
    ],
)
def test_a_wrong_declaration_is_told(declared: str, written: str, words: str) -> None:
    head = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    text = head + xml(("zwölfß", 1, 2, 3, 4)).decode() + " " * 8
    content = text.encode(written)
    content += b" " * (len(content) % 2)
    with pytest.raises(ValueError, match=re.escape(words)):
        read_annotation(content)


@pytest.mark.parametrize(
    "name",
    [
        *("none-such", "../../tasks/pipeline/job", "os.path", "a" * 150, "", " ", "utf８"),
        *("zip", "zlib", "bz2", "hex", "base64", "rot13", "uu", "quopri", "idna", "punycode"),
        *("unicode_escape", "raw_unicode_escape", "utf-7", "undefined", "charmap", "mbcs"),
    ],
)
def test_what_is_no_encoding_of_text_is_refused(name: str) -> None:
    content = f"<?xml version='1.0' encoding='{name}'?><annotation/>".encode()
    with pytest.raises(ValueError, match=r"it declares the encoding .* is not known"):
        read_annotation(content)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("o\u200bne", "holds U+200B (zero width space), which can't be seen: o[U+200B]ne"),
        ("\ufeffone", "U+FEFF (zero width no-break space)"),
        ("one\ufeff", "U+FEFF"),
        ("stop\u00a0sign", "U+00A0 (no-break space), which can't be seen: stop[U+00A0]sign"),
        ("o\u00adne", "U+00AD (soft hyphen)"),
        ("\u202eeno", "U+202E (right-to-left override)"),
        ("one\u200e", "U+200E (left-to-right mark)"),
        ("stop\tsign", "U+0009, which can't be seen: stop[U+0009]sign"),
        ("\u200done", "U+200D (zero width joiner)"),
        ("one\u200c", "U+200C (zero width non-joiner)"),
        ("one\u3164", "U+3164 (hangul filler)"),
    ],
)
def test_a_letter_that_can_not_be_seen_is_told_by_its_code_point(label: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        read_annotation(xml((label, 1, 2, 3, 4)))


@pytest.mark.parametrize(
    "label",
    [
        "می\u200cخواهم",
        "क्\u200dष",
        "ന്\u200d",
        "👨\u200d👩\u200d👧",
        "❤\ufe0f",
        "stop sign",
        "ß",
        "l’été",
    ],
)
def test_joiners_within_words_are_letters(label: str) -> None:
    assert read_annotation(xml((label, 1, 2, 3, 4))).boxes[0].label == label


@pytest.mark.parametrize("blank", [" ", "\t", "\r\n", "\u00a0", "\u2003", "\u3000"])
def test_blanks_of_any_kind_around_a_label_do_not_count(blank: str) -> None:
    assert read_annotation(xml((f"{blank}one{blank}", 1, 2, 3, 4))).boxes[0].label == "one"


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
        (b"<annotation><object/></annotation>", "line 1: object 1 has no name"),
        (
            b"<annotation><object><name>one</name></object></annotation>",
            "line 1: object 1 (one) has no bndbox",
        ),
        (xml(("one", 1, 2, 3, 4)).replace(b"<xmax>3", b"<xmax>wide"), "xmax is wide, not a"),
        (xml(("one", 1, 2, 3, 4)).replace(b"<xmax>3", b"<xmax>inf"), "xmax is inf, not a"),
        (xml(("one", 1, 2, 3, 4)).replace(b"<xmax>3</xmax>", b""), "xmax is missing"),
        (xml(("x" * 300, 1, 2, 3, 4)), "the name of object 1 is too long"),
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


def test_the_line_of_what_is_wrong_is_told() -> None:
    content = xml(("one", 1, 2, 3, 4), ("two", 5, 6, 7, 8)).replace(b"><", b">\n<")
    lines = content.replace(b"<xmin>5", b"<xmin>five").split(b"\n")
    line = next(number for number, one in enumerate(lines, 1) if b"five" in one)
    with pytest.raises(ValueError, match=rf"line {line}: object 2 \(two\): xmin is five"):
        read_annotation(b"\n".join(lines))


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


BOX = "<bndbox><xmin>4</xmin><ymin>4</ymin><xmax>30</xmax><ymax>30</ymax></bndbox>"
OBJECT = f"<object><name>one</name>{BOX}</object>"
OVERLOOKED = {
    f"<objects>\n{OBJECT}</objects>": "line 2: <objects><object> is not read",
    f"<Object><name>one</name>{BOX}</Object>": "<Object> is not read: boxes are read from",
    f"<OBJECT><NAME>one</NAME>{BOX.upper()}</OBJECT>": "<OBJECT> is not read",
    f"{OBJECT}<v:object xmlns:v='v'><name>one</name></v:object>": "<v:object> is not read",
    f"<data><list>{OBJECT}</list></data>": "<data><list><object> is not read",
    f"<item><name>one</name>{BOX}</item>": "<item><bndbox> is not read",
    "<item><name>one</name><xmin>1</xmin></item>": "<item><xmin> is not read",
    "<Bounding_Box/>": "<Bounding_Box> is not read",
    f"<object><name>one</name>{BOX}<more>{BOX}</more></object>": "<object><more><bndbox> is not",
    f"<object><name>one</name>{BOX}{BOX.replace('bndbox', 'BndBox')}</object>": "<object><BndBox>",
}


@pytest.mark.parametrize("written", OVERLOOKED, ids=range(len(OVERLOOKED)))
def test_an_object_or_a_box_where_none_is_read_is_an_error(written: str) -> None:
    content = xml().replace(b"</annotation>", f"\n{written}</annotation>".encode())
    first = content.count(b"\n", 0, content.index(written.encode()[:9])) + 1
    words = OVERLOOKED[written].replace("line 2", f"line {first + 1}")
    with pytest.raises(ValueError, match=re.escape(words)):
        read_annotation(content)


@pytest.mark.parametrize(
    ("once", "words"),
    [
        (BOX, "<object> holds <bndbox> 2 times: keep one"),
        ("<name>one</name>", "<object> holds <name> 2 times"),
        ("<xmin>4</xmin>", "<bndbox> holds <xmin> 2 times"),
        ("<ymax>30</ymax>", "<bndbox> holds <ymax> 2 times"),
    ],
)
def test_what_is_told_twice_is_an_error(once: str, words: str) -> None:
    content = xml().replace(b"</annotation>", f"{OBJECT}</annotation>".encode())
    assert len(read_annotation(content).boxes) == 1
    with pytest.raises(ValueError, match=r"line \d+: " + re.escape(words)):
        read_annotation(content.replace(once.encode(), (once * 2).encode()))
    two_sizes = xml().replace(b"<size>", b"<size><width>1</width></size><size>")
    with pytest.raises(ValueError, match="<annotation> holds <size> 2 times"):
        read_annotation(two_sizes)


def test_parts_and_outlines_of_an_object_are_passed_over() -> None:
    part = f"<part><name>head</name>{BOX}</part><polygon><x1>4</x1></polygon>"
    content = xml(("one", 1, 2, 30, 40), more=part).replace(b"<size>", b"<objects/><size>")
    assert read_annotation(content).boxes == (Box("one", 1, 2, 30, 40),)
