"""What the options mean, and which rows they choose."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.core.errors import UsageError
from tasks.zoo.command import FAMILIES, TWO_STAGES, Choice, choose, families, parse
from tests.support.shipped import row

ROWS = (
    row("ssd_slow", title="SSD One 640x640", family="SSD", speed_ms=90, map_boxes=35.0, size=9),
    row("ssd_fast", title="SSD Two 320x320", family="SSD", speed_ms=20, map_boxes=20.0, size=5),
    row(
        "center_kpts",
        title="CenterNet Keypoints",
        family="CenterNet",
        finds=("boxes", "keypoints"),
        speed_ms=30,
        map_boxes=28.0,
        map_keypoints=50.0,
        input_size=(512, 512),
        installed=True,
    ),
    row("Extreme", title="ExtremeNet", family="ExtremeNet", input_size=(64, 64)),
)


def chosen(**asked: Any) -> list[str]:
    return [entry.name for entry in choose(ROWS, Choice(**asked))]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["ssd_slow", "ssd_fast", "center_kpts", "Extreme"]),
        ({"families": ("SSD",)}, ["ssd_slow", "ssd_fast"]),
        ({"max_ms": 30}, ["ssd_fast", "center_kpts"]),
        ({"max_ms": 0}, []),
        ({"min_map": 28}, ["ssd_slow", "center_kpts"]),
        ({"min_map": 0}, ["ssd_slow", "ssd_fast", "center_kpts"]),
        ({"min_map": 40, "finds": "keypoints"}, ["center_kpts"]),
        ({"finds": "keypoints"}, ["center_kpts"]),
        ({"finds": "masks"}, []),
        ({"installed": True}, ["center_kpts"]),
        ({"words": ("640",)}, ["ssd_slow"]),
        ({"words": ("SSD", "two")}, ["ssd_fast"]),
        ({"words": ("net",)}, ["center_kpts", "Extreme"]),
        ({"best": True}, ["ssd_slow", "ssd_fast", "center_kpts"]),
        ({"best": True, "finds": "keypoints"}, ["center_kpts"]),
    ],
)
def test_which_rows_are_chosen(asked: dict[str, Any], names: list[str]) -> None:
    assert chosen(**asked) == names


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("map", ["ssd_slow", "center_kpts", "ssd_fast", "Extreme"]),
        ("ms", ["ssd_fast", "center_kpts", "ssd_slow", "Extreme"]),
        ("size", ["ssd_fast", "ssd_slow", "center_kpts", "Extreme"]),
        ("name", ["center_kpts", "Extreme", "ssd_fast", "ssd_slow"]),
        ("input", ["Extreme", "center_kpts", "ssd_slow", "ssd_fast"]),
    ],
)
def test_the_best_comes_first_and_what_has_no_figure_last(sort: str, names: list[str]) -> None:
    assert chosen(sort=sort) == names


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("zoo", ["Extreme", "center_kpts", "ssd_fast", "ssd_slow"]),
        ("map", ["ssd_fast", "center_kpts", "ssd_slow", "Extreme"]),
        ("ms", ["ssd_slow", "center_kpts", "ssd_fast", "Extreme"]),
        ("size", ["ssd_slow", "ssd_fast", "center_kpts", "Extreme"]),
    ],
)
def test_turned_round_what_has_no_figure_still_comes_last(sort: str, names: list[str]) -> None:
    assert chosen(sort=sort, reverse=True) == names


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *((family, (family,)) for family in FAMILIES),
        ("ssd", ("SSD",)),
        ("SSD", ("SSD",)),
        ("faster", ("Faster R-CNN",)),
        ("frcnn", ("Faster R-CNN",)),
        ("faster_rcnn", ("Faster R-CNN",)),
        ("mask", ("Mask R-CNN",)),
        ("rcnn", TWO_STAGES),
        ("r-cnn", TWO_STAGES),
        ("efficient", ("EfficientDet",)),
        ("effdet", ("EfficientDet",)),
        ("center", ("CenterNet",)),
        ("extremenet", ("ExtremeNet",)),
        ("two-stage", TWO_STAGES),
        ("one-stage", ("SSD", "EfficientDet", "CenterNet", "ExtremeNet")),
        ("ssd,center", ("SSD", "CenterNet")),
        ("ssd,SSD", ("SSD",)),
    ],
)
def test_a_family_is_known_by_any_of_its_names(text: str, meant: tuple[str, ...]) -> None:
    assert families(text) == meant


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"family": "sdd"}, "--family: `sdd` is not a family; did you mean SSD?"),
        ({"family": "centrenet"}, "did you mean CenterNet?"),
        ({"family": "yolo"}, "the families are Faster R-CNN, Mask R-CNN, SSD,"),
        ({"family": ""}, "--family: `` is not a family"),
        ({"family": "ssd,"}, "--family: `` is not a family"),
        ({"max_ms": "fast"}, "--max-ms: `fast` is not a number of 0 or more; as in `--max-ms 50`"),
        ({"max_ms": "-1"}, "--max-ms: `-1` is not a number"),
        ({"max_ms": "nan"}, "--max-ms: `nan` is not a number"),
        ({"max_ms": "inf"}, "--max-ms: `inf` is not a number"),
        ({"max_ms": "50ms"}, "--max-ms: `50ms` is not a number"),
        ({"min_map": "30%"}, "--min-map: `30%` is not a number of 0 or more; as in `--min-map 30`"),
        ({"min_map": ""}, "--min-map: `` is not a number"),
        ({"finds": "faces"}, "--finds: `faces` is not known; it takes boxes, masks, keypoints"),
        ({"finds": "keypiont"}, "did you mean keypoints?"),
        ({"finds": ""}, "--finds: `` is not known"),
        ({"sort": "speed"}, "--sort: `speed` is not known; it takes zoo, map, ms, size, name, inp"),
        ({"sort": "sise"}, "did you mean size?"),
        ({"sort": "ms\n"}, "--sort: `ms\\n` is not known"),
    ],
)
def test_a_value_that_is_none_is_told_in_one_line(asked: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(asked, [])
    assert told in str(caught.value)
    assert str(caught.value).startswith("catalogue: --")
    assert "\n" not in str(caught.value)


def test_all_options_together() -> None:
    asked = {
        "family": "ssd",
        "max_ms": "5e1",
        "min_map": "30",
        "finds": "Mask",
        "installed": True,
        "best": False,
        "sort": "MS",
        "reverse": True,
        "json": False,
    }
    assert parse(asked, ["fpn"]) == Choice(
        families=("SSD",),
        max_ms=50,
        min_map=30,
        finds="masks",
        installed=True,
        words=("fpn",),
        sort="ms",
        reverse=True,
    )


def test_no_option_chooses_all_in_the_zoos_order() -> None:
    assert parse({"family": None, "installed": False, "sort": None}, []) == Choice()
