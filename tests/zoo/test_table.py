"""The table fits, whatever the width; nothing is wrapped, cut figures there are none."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tasks.console.output import guard
from tasks.core.paths import Workspace
from tasks.zoo import table
from tasks.zoo.entries import Entry, entries
from tests.support.shipped import ZOO, row, ship

HOSTILE = (
    row("x" * 120, title="漢字" * 30, licence="a\u202eb\u009b1m", speed_ms=0.001, map_boxes=100.0),
    row("y", title="[red]no markup[/red] $x$", projects=("p" * 120,), size=10**12),
)


@pytest.fixture
def zoo(workspace: Workspace) -> tuple[Entry, ...]:
    return entries(ship(workspace), workspace)


@pytest.mark.parametrize("width", range(20, 201))
def test_every_row_is_one_line_that_fits(zoo: tuple[Entry, ...], width: int) -> None:
    lines = table.lines(zoo, width)
    assert max(map(cell_len, lines)) <= width
    assert lines.index("") == 1 + ZOO + 1


@given(st.integers(-5, 300))
def test_hostile_rows_fit_too(width: int) -> None:
    lines = table.lines(HOSTILE, width)
    assert max(map(cell_len, lines)) <= max(width, table.NARROWEST)
    assert lines.index("") == 1 + len(HOSTILE)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("width", "header"),
    [
        (20, "title"),
        (40, "title ms mAP"),
        (70, "name ms mAP"),
        (80, "name family ms mAP"),
        (90, "name family ms mAP size"),
        (100, "name family input ms mAP size"),
        (120, "name family input ms mAP masks size licence"),
        (200, "name title family input ms mAP masks keypoints size projects licence"),
    ],
)
def test_columns_go_in_the_order_of_priority(
    zoo: tuple[Entry, ...], width: int, header: str
) -> None:
    assert table.lines(zoo, width)[0].split() == header.split()


@pytest.mark.parametrize(
    ("width", "header"),
    [
        (80, "title family ms mAP size"),
        (120, "title family input ms mAP masks keypoints size licence"),
        (200, "name title family input ms mAP masks keypoints size projects licence"),
    ],
)
def test_titles_go_before_names_where_they_are_asked_for(
    zoo: tuple[Entry, ...], width: int, header: str
) -> None:
    lines = table.lines(zoo, width, titles=True)
    assert lines[0].split() == header.split()
    assert max(map(cell_len, lines)) <= width


def test_what_found_no_room_is_named(zoo: tuple[Entry, ...]) -> None:
    said = " ".join(table.lines(zoo, 80)[-3:])
    assert "No room for: size, input, licence, masks, keypoints, projects, title" in said
    assert "No room" not in " ".join(table.lines(zoo, 200))


def test_what_is_looked_for_is_the_last_figure_to_go(zoo: tuple[Entry, ...]) -> None:
    rows = [table.cells(entry) for entry in zoo]
    assert list(table.layout(rows, 72, "keypoints").widths) == ["name", "ms", "keypoints"]


def test_at_80_columns_every_name_and_figure_is_whole(zoo: tuple[Entry, ...]) -> None:
    text = "\n".join(table.lines(zoo, 80))
    assert "~" not in text
    for entry in zoo:
        assert re.search(rf"^{re.escape(entry.name)}( |$)", text, flags=re.MULTILINE)


def test_no_row_is_told_in_words() -> None:
    assert table.lines((), 80) == ["no network matches; `doit catalogue` shows all"]


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [20, 33, 80, 120, 200])
def test_a_terminal_gets_the_same_lines_with_colours(
    zoo: tuple[Entry, ...], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = Screen()
    table.show(zoo, screen)
    assert "\x1b[" in screen.getvalue()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()
    at = plain.index("")
    assert plain[:at] == table.lines(zoo, width)[:at]
    assert max(map(len, plain)) <= width


def test_a_stream_that_knows_only_ascii_is_written_all_the_same() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    guard(stream)
    table.show(HOSTILE, stream)
    stream.flush()
    assert rb"\u6f22\u5b57" in raw.getvalue()
