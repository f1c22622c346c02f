"""No name can do anything to the page but stand on it."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from tasks.config.types import Network
from tasks.inference.results import Detection, GroundTruth, Result
from tests.support.compared import (
    NETWORKS,
    RCNN,
    SSD,
    accuracy,
    comparison,
    measured,
    render,
    sight,
)
from tests.support.html import Element, data_of, label_of, parse

HERE = (0.1, 0.1, 0.5, 0.5)
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</svg></text><img src=x onerror=alert(1)>",
    "\"><b onmouseover='alert(1)'>",
    "' autofocus onfocus=alert(1) x='",
    "<!--<script>",
    "]]>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;&amp;",
    "javascript:alert(1)",
    "two\nlines\r\tand\x00nul",
    "\u202egnp.exe\u2066",
    "\udcff\ud800",
    "\u2028\u2029",
    "x" * 3000,
)


def hostile_page(name: str) -> str:
    """A page on which everything that can be named is named so."""
    network = Network(
        name=SSD,
        title=name,
        sources=(name, f"https://example.org/{name}"),
        notes=(name,),
        licence=name,
    )
    known = {**NETWORKS, SSD: network}
    seen = sight(
        truth=(GroundTruth(name, HERE), GroundTruth("one", HERE)),
        found={SSD: (Detection(name, 0.9, HERE), Detection(name, 0.3, HERE)), RCNN: ()},
    )
    named = replace(seen, name=name)
    left = comparison(
        measured(SSD, accuracy=accuracy(labels=("one", name)), unscored=name),
        Result(network=RCNN, status="failed", why=name),
        unreadable=(name,),
        remarks=(name,),
    )
    return render(known, left, named)


def shape_of(root: Element) -> list[tuple[str, list[str]]]:
    return [(element.name, sorted(element.attributes)) for element in root.all()]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_is_text_and_nothing_else(name: str) -> None:
    html = hostile_page(name)
    root = parse(html)
    assert shape_of(root) == shape_of(parse(hostile_page("harmless")))
    assert len(re.findall(r"<script", html)) == 2
    assert not re.findall("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)
    for link in root.all("a"):
        assert link.attributes["href"].startswith(("#", "https://"))


def test_a_label_of_markup_is_shown_as_it_is() -> None:
    root = parse(hostile_page("<script>alert(1)</script>"))
    view = root.all("svg", class_="view")[0]
    assert view.one("g", class_="plates").text == "<script>alert(1)</script> 0.90"
    assert "<script>alert(1)</script> 0.90" in label_of(view)
    assert data_of(root)["labels"][2][0] == "<script>alert(1)</script>"
    assert root.one("select").all("option")[3].text == "<script>alert(1)</script>"


def test_what_cannot_be_printed_is_told_by_its_code() -> None:
    root = parse(hostile_page("\u202egnp.exe\n"))
    assert root.one("article", class_="picture").one("h3").text.startswith("\\u202egnp.exe\\n")
