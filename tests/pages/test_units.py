"""Figures as text."""

from __future__ import annotations

import pytest

from tasks.pages import units
from tasks.pages.shell import harmless


def plain(text: str) -> str:
    return text.replace(units.FIXED, " ")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.00084, "0.84 ms"),
        (0.0123, "12.3 ms"),
        (0.009996, "10.0 ms"),
        (0.4119, "412 ms"),
        (0.9996, "1.00 s"),
        (1.2, "1.20 s"),
        (61.0, "61.0 s"),
        (1234.5, "1,234 s"),
        (0.0, "0.00 ms"),
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
        (-1.0, "–"),
    ],
)
def test_seconds_have_three_digits_and_a_unit(value: float | None, shown: str) -> None:
    assert plain(units.seconds(value)) == shown


@pytest.mark.parametrize(
    ("part", "shown"),
    [(0.8698, "87.0 %"), (1.0, "100.0 %"), (0.0, "0.0 %"), (-1.0, "–"), (float("nan"), "–")],
)
def test_average_precision_is_a_percentage(part: float, shown: str) -> None:
    assert plain(units.percent(part)) == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.0116, 0.016, "11.6–16.0 ms"), (0.8, 1.25, "800 ms–1.25 s"), (1.1, 1.3, "1.10–1.30 s")],
)
def test_a_span_names_its_unit_once_if_it_can(low: float, high: float, shown: str) -> None:
    assert plain(units.span(low, high)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\udcff", "\\udcff"),
        ("a\xa0b", "a\xa0b"),
        ("Würfel 骰", "Würfel 骰"),
    ],
)
def test_what_can_not_be_printed_is_shown_by_its_code(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_counts_and_sizes() -> None:
    assert plain(units.count(1, "box", "boxes")) == "1 box"
    assert plain(units.count(2000, "picture")) == "2,000 pictures"
    assert plain(units.size(1_900_000)) == "1.9 MB"
    assert units.size(0) == units.size(None) == "–"
