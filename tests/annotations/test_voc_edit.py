"""Values change in a Pascal VOC file, and every other byte stays."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tasks.annotations.voc import Box, read_annotation
from tasks.annotations.voc_edit import Wanted, edited

ODD = """<?xml version='1.0'  encoding='{encoding}' ?>\r
<!-- drawn by José --><annotation verified="yes"  note='a > b'>\r
\t<filename>a.webp</filename><path>C:\\\\photos\\\\a.webp</path>\r
  <size><width> 64 </width><height>48</height><depth/></size>\r
\t<object extra = "1"><name>\tcafé </name><attributes><attribute>é &amp; <![CDATA[<x>]]>\
</attribute></attributes><bndbox><xmin>1.50</xmin><ymin><!-- from the top -->2</ymin>\
<xmax> 300\r\n</xmax><ymax><![CDATA[40]]></ymax></bndbox></object>\r
\t<object><name>one</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax>\
</bndbox></object>\r
\r
</annotation>  \r\n<?end of it?>"""


def boxes(content: bytes) -> tuple[Box, ...]:
    return read_annotation(content).boxes


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16", "windows-1252", "utf-8-sig"])
def test_every_other_byte_stays(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = ODD.format(encoding=declared)
    content = text.encode(encoding)
    cafe, one = boxes(content)
    assert edited(content, Wanted((cafe, one))) == content

    made = edited(content, Wanted((replace(cafe, xmax=64.0, label="two"), one), (32, 24)))
    wanted = text.replace(" 300\r\n", " 64\r\n").replace("\tcafé <", "\ttwo <")
    wanted = wanted.replace("<width> 64 <", "<width> 32 <").replace("<height>48<", "<height>24<")
    assert made == wanted.encode(encoding)


def test_a_box_goes_with_the_blanks_before_it() -> None:
    content = ODD.format(encoding="utf-8").encode()
    cafe, _ = boxes(content)
    made = edited(content, Wanted((cafe, None)))
    at = content.index(b"\r\n\t<object><name>one")
    assert made == content[:at] + content[content.index(b"\r\n\r\n</annotation>") :]
    assert boxes(edited(content, Wanted((None, None)))) == ()


def test_a_picture_that_is_renamed_is_named_so() -> None:
    content = ODD.format(encoding="utf-8").encode()
    made = edited(content, Wanted(boxes(content), filename="a.png", former="a.webp"))
    assert made == content.replace(b"a.webp", b"a.png")
    other = content.replace(b"a.webp", b"aa.webp")
    assert edited(other, Wanted(boxes(other), filename="a.png", former="a.webp")) == other


def test_a_label_that_the_encoding_lacks_is_written_as_references() -> None:
    content = ODD.format(encoding="latin-1").encode("latin-1")
    cafe, one = boxes(content)
    made = edited(content, Wanted((replace(cafe, label="犬 & <katze>"), one)))
    assert b"&#29356; &amp; &lt;katze&gt;" in made
    assert boxes(made)[0].label == "犬 & <katze>"


def test_values_in_comments_and_cdata_are_replaced_whole() -> None:
    content = ODD.format(encoding="utf-8").encode()
    cafe, one = boxes(content)
    made = edited(content, Wanted((replace(cafe, ymin=3.0, ymax=41.5), one)))
    assert boxes(made)[0].edges == (1.5, 3.0, 300.0, 41.5)


def test_what_can_not_be_kept_byte_for_byte_is_refused() -> None:
    content = ODD.format(encoding="iso2022_jp").replace("é", "e").encode("iso2022_jp")
    content = content.replace(b"Jose", b"\x1b(J" + b"Jose" + b"\x1b(B")
    with pytest.raises(ValueError, match="save it as UTF-8"):
        edited(content, Wanted(boxes(content)))


def test_many_boxes_take_time_in_proportion() -> None:
    one = b"<object><name>one</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax>"
    content = (
        b"<annotation>" + 1500 * (one + b"<ymax>4</ymax></bndbox></object>\n") + b"</annotation>"
    )
    wanted = tuple(replace(box, xmax=9.0) for box in boxes(content))
    assert boxes(edited(content, Wanted(wanted))) == wanted
