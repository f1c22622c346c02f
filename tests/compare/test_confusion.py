"""What is taken for what: pairs of what is annotated and what was found, counted in a matrix."""

from __future__ import annotations

from collections import Counter

import pytest

from tasks.compare.matching import LABELS, Matrix, Pair, matrix, pairs
from tasks.inference.results import Detection, GroundTruth, Place

HERE: Place = (0.1, 0.1, 0.5, 0.5)
NEAR: Place = (0.12, 0.1, 0.5, 0.5)
AWAY: Place = (0.6, 0.6, 0.9, 0.9)
ONE, TWO = GroundTruth("one", HERE), GroundTruth("two", NEAR)


@pytest.mark.parametrize(
    ("found", "truth", "expected"),
    [
        ([("one", 0.9, NEAR)], [ONE], [("one", "one")]),
        ([("two", 0.9, NEAR)], [ONE], [("one", "two")]),
        ([("one", 0.9, AWAY)], [ONE], [(None, "one"), ("one", None)]),
        ([], [ONE], [("one", None)]),
        ([("cat", 0.9, HERE)], [], [(None, "cat")]),
        # the better one is first, whatever its label, and whatever the order
        ([("one", 0.7, HERE), ("two", 0.9, HERE)], [ONE], [("one", "two"), (None, "one")]),
        # it takes the object that it overlaps most
        ([("two", 0.9, HERE)], [TWO, ONE], [("one", "two"), ("two", None)]),
    ],
)
def test_the_best_takes_the_object_that_it_overlaps_most_whatever_the_labels(
    found: list[tuple[str, float, Place]],
    truth: list[GroundTruth],
    expected: list[tuple[str | None, str | None]],
) -> None:
    assert list(pairs([Detection(*one) for one in found], truth)) == expected


def shown(made: Matrix) -> dict[str, dict[str, str]]:
    return {
        name: {column: cell.text for column, cell in zip(made.columns, cells, strict=True)}
        for name, cells in made.rows
    }


def test_every_object_is_in_its_row_and_every_detection_in_its_column() -> None:
    counts = Counter[Pair](
        {("one", "one"): 8, ("one", "two"): 2, ("two", None): 5, (None, "one"): 1}
    )
    made = matrix("After", counts, ["one", "two"])
    assert shown(made) == {
        "one": {"one": "8", "two": "2", "missed": "0"},
        "two": {"one": "0", "two": "0", "missed": "5"},
        "no box there": {"one": "1", "two": "0", "missed": ""},
    }
    assert [cell.kind for cell in made.rows[0][1]] == ["right-4", "wrong-1", "none"]


def test_labels_that_nobody_annotated_share_a_column() -> None:
    counts = Counter[Pair]({("one", "cat"): 2, (None, "dog"): 3, ("one", "one"): 1})
    assert shown(matrix("Before", counts, ["one", "cat", "dog"])) == {
        "one": {"one": "1", "another label": "2", "missed": "0"},
        "no box there": {"one": "0", "another label": "3", "missed": ""},
    }


def test_a_label_may_be_called_as_a_heading_is() -> None:
    counts = Counter[Pair]({("missed", "missed"): 4, ("missed", None): 1, (None, "missed"): 2})
    rows = matrix("After", counts, ["missed"]).rows
    assert [[cell.text for cell in cells] for _, cells in rows] == [["4", "1"], ["2", ""]]


def test_of_many_labels_those_with_most_errors_are_shown_and_it_is_said() -> None:
    names = [f"label{number:02}" for number in range(40)]
    counts = Counter[Pair]({(name, None): number for number, name in enumerate(names, 1)})
    made = matrix("After", counts, names)
    assert [name for name, _ in made.rows] == [*names[-LABELS:], "no box there"]
    assert made.caption.endswith("; the 30 of 40 labels with most errors")
