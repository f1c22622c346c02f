"""The page: what stands on it, and that no name can do anything to it."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import pairwise

from tasks.compare import page
from tasks.core.paths import Workspace
from tasks.inference.results import Detection, Result
from tasks.pages import boxes
from tasks.pages.shell import STYLE
from tasks.smoke.draw import PALETTE, ink_on
from tests.support.compared import (
    RCNN,
    SSD,
    built,
    comparison,
    job_of,
    make,
    measured,
    sight,
)
from tests.support.html import data_of, label_of, parse

DEFERRED = Result(network=RCNN, status="deferred", why="no host can be reached")
HERE = (0.1, 0.1, 0.5, 0.5)


def test_all_parts_are_there_in_order(workspace: Workspace) -> None:
    built(workspace, SSD)
    root = parse(make(job_of(workspace), comparison(), sight(), sight("b.png")))
    assert root.one("h1").text == "cube_faces"
    assert [h2.text for h2 in root.all("h2")] == [
        "Last build",
        "Figures",
        "Pictures",
        "Networks",
        "How it was measured",
        "Workspace",
    ]
    levels = [int(one.name[1]) for one in root.all() if re.fullmatch("h[1-6]", one.name)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert [link.attributes["href"] for link in root.one("nav").all("a")] == [
        f"#{section.attributes['id']}" for section in root.one("main").all("section")
    ]
    assert len(root.all("article", class_="card")) == 2
    assert "30 runs, 2 threads" in root.one("table", class_="figures").text
    assert "computed by pycocotools 2.0.11:" in root.one("section", id="method").text


def test_no_figure_is_without_its_machine(workspace: Workspace) -> None:
    root = parse(make(job_of(workspace), comparison(), sight()))
    places = [
        root.one("header"),
        root.one("table", class_="figures").one("caption"),
        *root.all("article", class_="card"),
    ]
    for place in places:
        assert "2026-11-27 on Example CPU 3000, CPU only, 2 threads" in place.text
    (latency,) = [c for c in root.all("svg", role="img") if "Latency of" in label_of(c)]
    assert "Example CPU 3000" in label_of(latency)


def test_every_id_is_there_once_and_every_link_leads_to_one(workspace: Workspace) -> None:
    root = parse(make(job_of(workspace), comparison(), sight(), sight("b.png")))
    ids = [one.attributes["id"] for one in root.all() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    inner = [e.attributes["href"] for e in root.all() if e.attributes.get("href", "")[:1] == "#"]
    assert {link[1:] for link in inner} <= set(ids)
    labelled = [
        e.attributes["aria-labelledby"] for e in root.all() if "aria-labelledby" in e.attributes
    ]
    assert set(labelled) <= set(ids)


def test_nothing_is_asked_of_any_server(workspace: Workspace) -> None:
    html = make(job_of(workspace), comparison(), sight())
    root = parse(html)
    for element in root.all():
        assert element.name not in ("iframe", "object", "embed", "base", "form action")
        for name in ("src", "srcset", "data", "action", "poster"):
            assert name not in element.attributes
        if element.name in ("link", "image", "use"):
            assert element.attributes["href"].startswith(("data:", "#"))
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"]
    assert "url(" not in html
    assert "@import" not in html


def test_only_this_style_and_this_script_may_run(workspace: Workspace) -> None:
    root = parse(make(job_of(workspace), comparison(), sight()))
    policy = root.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    (script,) = [one for one in root.all("script") if "type" not in one.attributes]
    for element in (root.one("style"), script):
        text = "".join(map(str, element.inside)).encode()
        assert base64.b64encode(hashlib.sha256(text).digest()).decode() in policy


def test_the_bytes_of_a_picture_are_there_once(workspace: Workspace) -> None:
    html = make(job_of(workspace), comparison(), sight(), sight("b.png"))
    assert html.count("data:image/jpeg") == 2
    assert len(parse(html).all("use", href="#image-0")) == 2


def test_boxes_are_drawn_without_the_script(workspace: Workspace) -> None:
    seen = sight(
        found={
            SSD: (
                Detection("one", 0.91, HERE),
                Detection("two", 0.5, HERE),
                Detection("two", 0.49, HERE),
            ),
            RCNN: (),
        }
    )
    root = parse(make(job_of(workspace), comparison(), seen))
    first, second = root.all("svg", class_="view")
    assert [plate.text for plate in first.one("g", class_="plates").all("text")] == [
        "two 0.50 ✕",
        "one 0.91",
    ]
    assert [mark.text for mark in first.one("g", class_="truth").all("text")] == ["one"]
    assert not second.one("g", class_="frames").all("rect")
    told = [one.text for one in root.all("span", class_="caption")]
    assert told == [
        "2 found: 1 right, 1 wrong, 0 missed",
        "0 found: 0 right, 0 wrong, 1 missed",
    ]
    assert label_of(first) == "a.png, SSD Small 320x320: one 0.91, two 0.50"
    assert label_of(second) == "a.png, Faster R-CNN Large 640x640: no boxes"
    assert "hidden" in root.one("form", id="controls").attributes


def test_what_is_not_judged_is_counted_too(workspace: Workspace) -> None:
    found = (Detection("one", 0.91, HERE), Detection("cat", 0.8, HERE), Detection("cat", 0.7, HERE))
    root = parse(make(job_of(workspace), comparison(), sight(found={SSD: found, RCNN: ()})))
    told = root.all("span", class_="caption")[0].text
    assert told == "3 found: 1 right, 0 wrong, 2 not judged, 0 missed"


def test_the_script_gets_what_the_page_shows_and_what_is_below(workspace: Workspace) -> None:
    seen = sight(
        found={SSD: (Detection("one", 0.91, HERE), Detection("cat", 0.07, HERE)), RCNN: ()}
    )
    data = data_of(parse(make(job_of(workspace), comparison(), seen)))
    assert [label[0] for label in data["labels"]] == ["one", "two", "cat"]
    shown = data["pictures"][0]["boxes"]["0"]
    assert [(box[0], box[1], box[9]) for box in shown] == [(0, 91, 1), (2, 7, -1)]
    assert data["counts"][0]["2"][:2] == [1, 0]
    assert data["counts"][1] == {}
    assert data["pictures"][0]["expected"] == [1, 1]


def test_a_network_that_is_deferred_or_failed_is_shown_as_such(workspace: Workspace) -> None:
    failed = Result(network="gone", status="failed", why="it answers with NaN")
    left = comparison(measured(SSD), DEFERRED, failed)
    root = parse(make(job_of(workspace), left, sight(found={SSD: ()})))
    table = root.one("table", class_="figures").text
    assert "deferred no host can be reached" in table
    assert "failed it answers with NaN" in table
    assert len(root.all("svg", class_="view")) == 1
    pictures = root.one("section", id="pictures").text
    assert "Faster R-CNN Large 640x640 is not on them; it is deferred: no host" in pictures
    assert "gone is not on them; it failed: it answers with NaN." in pictures
    assert (
        "1 network could not be run and 1 network is not here yet; the other is complete."
        in root.one("main").text
    )


def test_one_of_each_is_told_as_one(workspace: Workspace) -> None:
    root = parse(make(job_of(workspace, SSD), comparison(measured(SSD), pictures=1), sight()))
    said = root.one("main").text + root.one("header").text
    assert "1 network on 1 picture" in said
    assert not re.search(r"\b1\s(networks|pictures|boxes|runs|labels|files|folders)\b", said)


def test_many_networks_that_are_not_there_are_counted(workspace: Workspace) -> None:
    absent = [Result(network=f"net{n}", status="deferred", why="no route") for n in range(40)]
    root = parse(make(job_of(workspace), comparison(measured(SSD), *absent), sight()))
    assert "40 networks are not on them" in root.one("section", id="pictures").text
    assert "40 networks are not here yet" in root.one("main").text


def test_nothing_measured_at_all_is_still_a_page(workspace: Workspace) -> None:
    left = comparison(DEFERRED, pictures=0, annotated=0)
    root = parse(make(job_of(workspace, RCNN), left))
    assert "1 network; none could be measured." in root.one("header").text
    [notice] = root.all("p", class_="notice")
    assert notice.text == "1 network is not here yet."
    assert not root.all("figure")


def test_drawn_scenes_are_called_so(workspace: Workspace) -> None:
    root = parse(make(job_of(workspace), comparison(drawn=True), sight()))
    assert "drawn scenes stand in for them" in root.one("main").text
    assert "1 drawn scene, all that" in root.one("section", id="pictures").text


def test_of_many_pictures_some_are_shown_and_it_is_said(workspace: Workspace) -> None:
    many = [sight(f"{number:04d}.png") for number in range(150)]
    left = comparison(pictures=150, annotated=150)
    root = parse(make(job_of(workspace), left, *many))
    assert len(root.all("article", class_="picture")) == 60
    told = root.one("section", id="pictures").text
    assert "60 of 150 pictures: spread over the set" in told
    assert "The figures cover all pictures." in told
    assert root.all("b", class_="total-value")[0].text == "150"


def test_a_picture_that_was_damaged_since_keeps_its_boxes(workspace: Workspace) -> None:
    job = job_of(workspace)
    path = workspace.root / sight().path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a picture any more")
    root = parse(make(job, comparison(), sight()))
    view = root.all("svg", class_="view")[0]
    assert view.one("text", class_="missing-text").text == "it is not a PNG, JPEG, GIF or BMP"
    assert view.one("g", class_="plates").text == "one 0.91"
    assert not root.all("use")


def test_colours_are_those_of_the_drawn_pictures() -> None:
    style = STYLE.read_text(encoding="utf-8")
    for number, colour in enumerate(PALETTE):
        ink = "#000" if ink_on(colour) == (0, 0, 0) else "#fff"
        assert f".c{number} {{ --colour: #{bytes(colour).hex()}; --on: {ink}; }}" in style
    assert len(PALETTE) == boxes.COLOURS


def test_the_script_counts_in_the_units_of_the_page() -> None:
    script = (page.TEMPLATES / page.SCRIPT).read_text(encoding="utf-8")
    for name, value in (
        ("CHARACTER", boxes.CHARACTER),
        ("MARGIN", boxes.MARGIN),
        ("PLATE", boxes.PLATE),
    ):
        assert f"{name} = {value:g}" in script
    grown = f"scale({boxes.GROWN:g})"
    assert grown in STYLE.read_text(encoding="utf-8")


def test_the_same_material_gives_the_same_bytes(workspace: Workspace) -> None:
    job = job_of(workspace)
    assert make(job, comparison(), sight()) == make(job, comparison(), sight())
