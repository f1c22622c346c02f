"""The doctor's table on paper and on a terminal."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.doctor.finding import Finding, error, ok, warning
from tasks.doctor.table import lines, show, summary

FOUND = [
    ok("train", "40 pictures"),
    warning("test", "no pictures", "put some there"),
    error("label map", "wrong " * 20, "mend it", [f"line {n}" for n in range(6)]),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_first_line_sums_up() -> None:
    assert summary(FOUND) == "1 ok, 1 warning, 1 error"
    assert lines("cube_faces", FOUND)[0] == "cube_faces: 1 ok, 1 warning, 1 error"


def test_each_row_tells_its_kind_and_what_to_do() -> None:
    assert lines("p", FOUND[:2])[1:] == [
        "ok       train: 40 pictures",
        "warning  test: no pictures",
        "         -> put some there",
    ]


def test_details_are_bounded() -> None:
    assert "         - and 2 more" in lines("p", FOUND)


@given(
    st.lists(
        st.builds(
            Finding,
            st.sampled_from(["ok", "warning", "error"]),
            st.just("train"),
            st.text("ab ,:", max_size=300),
            st.text("ab ", max_size=200),
        )
    )
)
def test_no_line_of_short_words_is_wider_than_80(found: list[Finding]) -> None:
    for line in lines("p", found):
        longest = max(map(len, line.split()), default=0)
        assert len(line) <= 80 or longest > 60


def test_a_terminal_gets_colours_and_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    terminal, paper = Terminal(), io.StringIO()
    show("p", FOUND, terminal)
    show("p", FOUND, paper)
    drawn = terminal.getvalue()
    assert "\x1b[1;31merror" in drawn
    plain = re.sub(r"\x1b\[[0-9;]*m", "", drawn)
    assert [line.rstrip() for line in plain.splitlines()] == [
        line.rstrip() for line in paper.getvalue().splitlines()
    ]
