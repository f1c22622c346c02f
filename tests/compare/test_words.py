"""Figures as text."""

from __future__ import annotations

import pytest

from tasks.compare import words


def plain(text: str) -> str:
    return text.replace(words.FIXED, " ")


@pytest.mark.parametrize(
    ("value", "told"),
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
def test_seconds_have_three_digits_and_a_unit(value: float | None, told: str) -> None:
    assert plain(words.seconds(value)) == told


@pytest.mark.parametrize(
    ("part", "told"),
    [(0.8698, "87.0 %"), (1.0, "100.0 %"), (0.0, "0.0 %"), (-1.0, "–"), (float("nan"), "–")],
)
def test_average_precision_is_a_percentage(part: float, told: str) -> None:
    assert plain(words.percent(part)) == told


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(0.0116, 0.016, "11.6–16.0 ms"), (0.8, 1.25, "800 ms–1.25 s"), (1.1, 1.3, "1.10–1.30 s")],
)
def test_a_span_names_its_unit_once_if_it_can(low: float, high: float, told: str) -> None:
    assert plain(words.span(low, high)) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\nb", "a\\nb"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\udcff", "\\udcff"),
        ("a\xa0b", "a\xa0b"),
        ("Würfel 骰", "Würfel 骰"),
    ],
)
def test_what_is_no_print_is_told_by_its_code(text: str, told: str) -> None:
    assert words.harmless(text) == told


def test_counts_and_sizes() -> None:
    assert plain(words.count(1, "box", "boxes")) == "1 box"
    assert plain(words.count(2000, "picture")) == "2,000 pictures"
    assert plain(words.size(1_900_000)) == "1.9 MB"
    assert words.size(0) == words.size(None) == "–"
