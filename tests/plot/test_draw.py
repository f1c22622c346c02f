"""The picture: the same bytes each time, every label there, nothing that trips over a title."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure
from PIL import Image

from tasks.core.paths import Workspace
from tasks.plot import draw
from tasks.plot.draw import Content, content
from tasks.zoo.command import FAMILIES
from tasks.zoo.entries import entries
from tests.support.shipped import row, ship

TUTORIAL = "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8"


@pytest.fixture
def zoo(workspace: Workspace) -> Content:
    config = ship(workspace)
    return content(entries(config, workspace), config.wanted)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_same_content_gives_the_same_bytes(zoo: Content) -> None:
    first, second = draw.draw(zoo, ("png", "svg")), draw.draw(zoo, ("png", "svg"))
    assert first == second
    assert b"Matplotlib" not in first["png"]
    assert not re.search(rb"<dc:date>|<dc:creator>", first["svg"])


def test_the_users_own_settings_of_matplotlib_change_nothing(zoo: Content) -> None:
    import matplotlib

    before = draw.draw(zoo, ("png",))
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "axes.facecolor": "black"}):
        assert draw.draw(zoo, ("png",)) == before
        assert matplotlib.rcParams["font.size"] == 30


def test_the_picture_is_large_enough_to_print_and_the_svg_is_whole(zoo: Content) -> None:
    drawn = draw.draw(zoo, ("png", "svg"))
    with Image.open(io.BytesIO(drawn["png"])) as picture:
        assert picture.size == (1600, 1184)
    assert ElementTree.fromstring(drawn["svg"]).tag.endswith("svg")


def test_the_front_what_is_used_and_what_is_hollow_are_named(zoo: Content) -> None:
    named = {p.title for p in zoo.points if p.best or p.marked or p.hollow}
    assert len(named) == 14
    assert set(texts(draw._figure(zoo))) == named


def test_with_all_networks_in_use_no_label_covers_another(workspace: Workspace) -> None:
    config = ship(workspace)
    figure = draw._figure(content(entries(config, workspace), config.networks))
    [axes] = figure.axes
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) >= 20
    # Text is measured anew where it went; a quarter of a pixel may come of it.
    shrunk = [box.padded(-0.25) for box in boxes]
    assert not any(a.overlaps(b) for at, a in enumerate(shrunk) for b in shrunk[:at])


def test_what_is_not_drawn_is_named_and_hollow_explained(zoo: Content) -> None:
    told = draw._small_print(zoo).replace("\n", " ")
    assert "ExtremeNet (deprecated) and ExtremeNet" in told
    assert "ssd_tinynet_320x320_cube_digits" in told
    assert "Hollow:" in told
    assert "does not name the hardware" in told


def test_each_family_has_its_own_colour_and_its_own_shape() -> None:
    assert set(draw.MARKERS) == set(FAMILIES)
    for markers in zip(*draw.MARKERS.values(), strict=True):
        if isinstance(markers[0], str):
            assert len(set(markers)) == len(markers)


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (row("one", speed_ms=5, map_boxes=50.0),),
        (row("a", title="$\\frac{", speed_ms=0.001, map_boxes=0.0),),
        (row("b", title="漢字 -- <b>&", speed_ms=3.6e6, map_boxes=100.0),),
        tuple(row(f"n{n}", speed_ms=9, map_boxes=9.0, title="same " * 20) for n in range(40)),
    ],
)
def test_odd_catalogues_are_drawn_too(rows: tuple[object, ...]) -> None:
    shown = content(rows, [row.name for row in rows])  # type: ignore[arg-type, attr-defined]
    drawn = draw.draw(shown, ("png", "svg"))
    ElementTree.fromstring(drawn["svg"])
