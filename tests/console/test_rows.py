"""What is said of a run, from what became of its tasks."""

import pytest

from tasks.console import rows as lines
from tasks.console.rows import (
    Row,
    any_failed,
    counts,
    deferred,
    nothing_done,
    row_from_values,
    short_time,
    to_look_at,
)

BUILT = Row("extract", "tiny", "built", "7 files", seconds=1.25, size=1_234_567)
FRESH = Row("verify", "tiny", "up to date")
WAITING = Row("download", "big", "deferred", "no host can be reached")
FAILED = Row("verify", "bad", "failed", "verify bad: not gzip")


def test_a_kept_step_counts_as_up_to_date() -> None:
    row = row_from_values("verify:tiny", {"kind": "kept", "note": "", "lines": []}, "", 0.1)
    assert (row.kind, row.step, row.name) == ("up to date", "verify", "tiny")


def test_values_of_another_shape_do_no_harm() -> None:
    row = row_from_values("verify:tiny", {"size": "big", "lines": "abc"}, "", 0.1)
    assert (row.kind, row.size, row.lines) == ("built", None, ())


def test_only_fresh_and_deferred_rows_mean_that_nothing_was_done() -> None:
    assert nothing_done([FRESH, WAITING])
    assert not nothing_done([FRESH, BUILT])
    assert not nothing_done([FRESH, FAILED])


def test_a_fresh_step_with_something_to_tell_is_not_nothing() -> None:
    told = Row("scaffold", "cubes", "up to date", lines=("label_map.pbtxt is yours",))
    assert not nothing_done([told])


def test_a_step_that_could_not_run_is_a_failure() -> None:
    assert any_failed([FRESH, Row("smoke", "bad", "not run")])
    assert not any_failed([FRESH, BUILT, WAITING])


def test_a_deferred_network_is_told_once_with_its_reason() -> None:
    again = Row("smoke", "big", "deferred", "its download is deferred")
    assert deferred([WAITING, again, FRESH]) == {"big": "no host can be reached"}


def test_a_project_is_never_called_a_deferred_network() -> None:
    assert deferred([Row("scaffold", "cubes", "deferred", "waits")]) == {}


def test_counts_follow_a_fixed_order() -> None:
    assert counts([WAITING, BUILT, FRESH, BUILT]) == "2 built, 1 up to date, 1 deferred"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
    ],
)
def test_durations_are_told_as_people_say_them(seconds: float, told: str) -> None:
    assert short_time(seconds) == told


def test_a_plain_line_holds_step_name_note_size_and_time() -> None:
    assert lines.step_lines(BUILT) == ["built      extract:tiny: 7 files, 1.2 MB, 1.2 s"]


def test_a_plain_line_says_why_a_step_was_stale() -> None:
    row = Row("extract", "tiny", "built", "1 file restored", why="pipeline.config is missing")
    assert lines.step_lines(row)[0].endswith("(because pipeline.config is missing)")


def test_a_run_with_nothing_to_do_is_one_line() -> None:
    assert lines.closing_lines([FRESH]) == ["nothing to do: everything is up to date"]


def test_a_deferred_network_is_told_with_what_to_do() -> None:
    first, second, *advice = lines.closing_lines([FRESH, WAITING])
    assert first == "nothing to do: everything else is up to date"
    assert second == "deferred:  big: no host can be reached"
    assert "doit adopt FILE" in advice[-1]


def test_what_was_made_is_to_be_looked_at_and_what_was_up_to_date_is_not() -> None:
    picture, page = "results/tiny/smoke.png", "results/cubes/index.html"
    values = {"kind": "built", "results": [picture]}
    rows = [
        row_from_values("smoke:tiny", values, "", 0.1),
        Row("smoke", "checkpoint_only", "built"),
        Row("compare", "cubes", "built", results=(page,)),
        FRESH,
    ]
    assert to_look_at(rows) == [picture, page]
    assert to_look_at([Row("smoke", "tiny", "up to date", results=(picture,))]) == []
