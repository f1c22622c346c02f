"""The data formats hold every row, and nothing where nothing is known."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tasks.zoo.command import FIELDS, as_csv, as_json
from tests.support.shipped import row

ROWS = (
    row("a", title='comma, "quote" é', input_size=(640, 480), finds=("boxes", "masks")),
    row("b", speed_ms=53.0, map_boxes=29.3, installed=True, projects=("p", "q")),
)


def test_json_has_null_where_nothing_is_known() -> None:
    first, second = json.loads(as_json(ROWS))
    assert list(first) == list(second) == list(FIELDS)
    assert (first["speed_ms"], first["input_size"]) == (None, [640, 480])
    assert first["title"] == 'comma, "quote" é'
    assert (second["speed_ms"], second["installed"], second["projects"]) == (53, True, ["p", "q"])
    assert as_json(ROWS).isascii()


def test_csv_has_nothing_where_nothing_is_known() -> None:
    first, second = csv.DictReader(io.StringIO(as_csv(ROWS)))
    assert (first["speed_ms"], first["input_size"], first["finds"]) == (
        "",
        "640x480",
        "boxes masks",
    )
    assert first["title"] == 'comma, "quote" é'
    assert (second["speed_ms"], second["map_boxes"]) == ("53", "29.3")
    assert (second["installed"], second["projects"]) == ("yes", "p q")


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula_to_a_spreadsheet(title: str) -> None:
    [cells] = csv.DictReader(io.StringIO(as_csv((row("a", title=title),)), newline=""))
    assert cells["title"] == f"'{title}"
    assert json.loads(as_json((row("a", title=title),)))[0]["title"] == title


def test_a_number_below_zero_stays_one() -> None:
    [cells] = csv.DictReader(io.StringIO(as_csv((row("a", speed_ms=-1.5, size=-2),))))
    assert (cells["speed_ms"], cells["size"]) == ("-1.5", "-2")


def test_no_rows_are_data_too() -> None:
    assert json.loads(as_json(())) == []
    assert as_csv(()) == ",".join(FIELDS) + "\n"
