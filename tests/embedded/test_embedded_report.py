"""The figures in README.md, and the judging behind them."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from embedded.detector import Found
from embedded.pack import ARCHIVE
from embedded.report import BEGIN, END, table, with_table
from embedded.scoring import Truth, average_precision, judge

FIGURES = ARCHIVE.with_name("figures.json")
README = ARCHIVE.with_name("README.md")


def test_readme_shows_the_figures_that_were_measured() -> None:
    text = README.read_text(encoding="utf-8")
    assert table(json.loads(FIGURES.read_text(encoding="utf-8"))) in text


def test_the_table_replaces_the_one_before_it() -> None:
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    text = with_table(f"# Title\n{BEGIN}old\n{END}rest\n", figures)
    assert text == f"# Title\n{BEGIN}{table(figures)}{END}rest\n"
    with pytest.raises(ValueError, match="no place"):
        with_table("# Title\n", figures)


def test_every_picture_of_readme_is_there_and_small() -> None:
    text = README.read_text(encoding="utf-8")
    names = [line.split("(")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")]
    assert len(names) >= 3
    for name in names:
        assert 0 < (README.parent / name).stat().st_size < 150_000


def _pair(
    truth: Sequence[tuple[float, ...]], found: Sequence[tuple[float, ...]]
) -> tuple[Truth, Found]:
    """Rows of ymin, xmin, ymax, xmax, class (and score)."""
    t = np.array(truth, np.float32).reshape(-1, 5)
    f = np.array(found, np.float32).reshape(-1, 6)
    return (
        Truth(t[:, :4], t[:, 4].astype(np.int64)),
        Found(f[:, :4], f[:, 4].astype(np.int64), f[:, 5]),
    )


def test_precision_and_recall_count_each_digit_once() -> None:
    pair = _pair(
        [(0, 0, 10, 10, 1), (20, 20, 30, 30, 2)],
        [
            (0, 0, 10, 10, 1, 0.9),  # right
            (0, 0, 10, 9, 1, 0.8),  # the same digit again
            (20, 20, 30, 30, 3, 0.7),  # another label
            (20, 20, 30, 30, 2, 0.4),  # not sure enough
        ],
    )
    judged = judge([pair], 0.5)
    assert (judged.right, judged.claimed, judged.present) == (1, 3, 2)


def test_average_precision_is_one_for_perfect_and_less_for_loose_boxes() -> None:
    pytest.importorskip("pycocotools")
    truth = [(0.0, 0.0, 10.0, 10.0, 1.0), (20.0, 20.0, 40.0, 40.0, 1.0)]
    exact = average_precision([_pair(truth, [(*box, 0.9) for box in truth])])
    loose = average_precision([_pair(truth, [(0, 0, 10, 7, 1, 0.9), (20, 20, 40, 34, 1, 0.9)])])
    assert exact == pytest.approx({"map50": 1.0, "map": 1.0})
    assert loose["map50"] == pytest.approx(1.0)
    assert loose["map"] == pytest.approx(0.5, abs=0.11)
