"""Samples become rows, rows become Markdown; medians and ratios are right."""

from __future__ import annotations

import pytest

from benchmarks.measure import Sample
from benchmarks.table import Goal, Row, Section, goal, goals_of, markdown, rows, seconds


def samples(*walls: float, cpu: float = 0.0) -> list[Sample]:
    return [Sample(wall, cpu) for wall in walls]


MEASURED = {"by hand": samples(2.0, 9.0, 1.5, cpu=4.0), "ours": samples(1.0, 0.9, 7.0, cpu=1.0)}


@pytest.mark.parametrize(("value", "said"), [(2.149, "2.15 s"), (1.0, "1.00 s"), (0.215, "215 ms")])
def test_seconds_are_told_as_people_read_them(value: float, said: str) -> None:
    assert seconds(value) == said


def test_rows_have_medians_and_ratios_to_the_one_that_they_are_held_against() -> None:
    assert rows(MEASURED, "by hand", remarks={"ours": "safe"}) == [
        Row("by hand", "2.00 s", "1.00×"),
        Row("ours", "1.00 s", "0.50×", "safe"),
    ]


def test_rows_may_be_of_processor_time() -> None:
    assert [row.ratio for row in rows(MEASURED, "by hand", cpu=True)] == ["1.00×", "0.25×"]


def test_without_the_one_to_hold_them_against_rows_have_no_ratio() -> None:
    assert [row.ratio for row in rows(MEASURED, "wget, which is not here")] == ["", ""]


def test_a_goal_is_met_at_its_limit_and_missed_above_it() -> None:
    [met] = goal("Install", MEASURED, "ours", "by hand", 0.5)
    [missed] = goal("Install", MEASURED, "ours", "by hand", 0.49)
    assert met == Goal("Install", "1.00 s", "by hand: 2.00 s", 0.5, 0.5)
    assert (met.is_met, missed.is_met) == (True, False)
    assert not goal("Install", MEASURED, "ours", "wget, which is not here", 0.5)


def test_goals_make_a_table_that_says_which_are_missed() -> None:
    section = Section(
        "Install",
        [],
        [
            Goal("Install", "1.00 s", "by hand: 2.00 s", 0.5, 0.6),
            Goal("Memory", "120 MB", "", 120.3, 100, " MB"),
        ],
    )
    assert goals_of([section])[2:] == [
        "| Install | 1.00 s | by hand: 2.00 s | 0.50× | 0.60× |",
        "| Memory | 120 MB |  | 120 MB | 100 MB, missed |",
    ]


def test_the_report_has_the_machine_then_the_goals_then_every_row() -> None:
    measured = Section("Install", rows(MEASURED, "by hand"), remark="3 rounds")
    text = markdown("2 processors", [measured])
    assert text == (
        "- 2 processors\n"
        "\n"
        "| | median | ratio | |\n"
        "| --- | ---: | ---: | --- |\n"
        "| **Install** | | | 3 rounds |\n"
        "| by hand | 2.00 s | 1.00× |  |\n"
        "| ours | 1.00 s | 0.50× |  |\n"
    )
