"""The doctor's table on paper and on a terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.checks.finding import Finding, error, ok, warning
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


def test_details_that_are_too_many_stand_in_a_file_that_is_named(tmp_path: Path) -> None:
    stream, whole = io.StringIO(), tmp_path / "logs" / "all.log"
    show("p", FOUND, stream, whole)
    assert "- line 3\n" in stream.getvalue()
    assert "line 4" not in stream.getvalue()
    assert f"- and 2 more; all of them:\n           {whole}" in stream.getvalue()
    assert "- line 5" in whole.read_text()
    show("p", FOUND[:2], stream, whole)
    assert not whole.exists()


def test_a_file_that_can_not_be_written_hides_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    stream = io.StringIO()
    show("p", FOUND, stream, tmp_path / "logs" / "all.log")
    assert "- line 3\n" in stream.getvalue()
    assert "- and 2 more; all of them:" in stream.getvalue()


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


def test_a_terminal_gets_colours_and_the_same_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    terminal, paper = Terminal(), io.StringIO()
    show("p", FOUND, terminal, tmp_path / "all.log")
    show("p", FOUND, paper, tmp_path / "all.log")
    drawn = terminal.getvalue()
    assert "\x1b[1;31merror" in drawn
    plain = re.sub(r"\x1b\[[0-9;]*m", "", drawn)
    assert [line.rstrip() for line in plain.splitlines()] == [
        line.rstrip() for line in paper.getvalue().splitlines()
    ]
