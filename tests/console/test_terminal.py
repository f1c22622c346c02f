"""What a terminal shows fits it, at any width and in any encoding."""

import io
import re
from pathlib import Path

import pytest

from tasks.console import terminal
from tasks.console.progress import progress_for
from tasks.console.rows import Row
from tasks.wiring.registry import BY_NAME

LONG = "centernet_resnet50_v1_fpn_512x512_kpts_coco17_tpu-8"
ROWS = [
    *(Row(step, LONG, "built", "done", seconds=2, size=211_996_178) for step in list(BY_NAME)[:3]),
    Row("smoke", LONG, "failed", f"smoke {LONG}: " + "reason " * 20),
    Row("scaffold", "cube_faces", "built", "3 folders", lines=("label_map.pbtxt is yours",)),
    Row("download", "other", "deferred", "storage.example and mirror.example can't be reached"),
    Row("verify", "other", "not run"),
    Row("extract", "tiny", "up to date"),
]


class Screen(io.StringIO):
    """A terminal that remembers what was written."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        """What is read: without the sequences for bold and dim."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.getvalue())


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    return Screen()


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, width: int, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.chdir(tmp_path)
    for row in ROWS:
        terminal.tell(row, screen)
    terminal.close(ROWS, BY_NAME, 12.5, screen)
    assert max(map(len, screen.text().splitlines())) <= width


def test_each_fault_of_a_failure_begins_a_line_and_goes_on_further_in(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    fault = "annotations/instances_default.json, line 7: " + "of many words " * 9
    todo = "`doit import data --project cube_faces --replace`"
    terminal.tell(Row("import", "", "failed", f"2 faults:\n{fault}\n{fault}{todo}"), screen)
    lines = [line.rstrip() for line in screen.text().splitlines()]
    assert max(map(len, lines)) <= 80
    assert [line[11:].startswith("annotations/") for line in lines[2:]].count(True) == 2
    assert all(line[11:].startswith(("annotations/", "  ")) for line in lines[2:])
    assert sum(todo in line for line in lines) == 1


def test_what_is_told_beside_a_bar_is_no_wider_than_the_terminal(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stderr", screen)
    with progress_for("import") as progress:
        progress.note("COCO: 1 file, as " + "annotations/of/many/words " * 5)
    lines = screen.text().splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(" " * 11 + "import: COCO")
    assert lines[1].startswith(" " * 13 + "annotations")


def test_a_narrow_terminal_gets_signs_and_their_meaning(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    terminal.close(ROWS, BY_NAME, 12.5, screen)
    for meaning in ("✓ built", "= up to date", "… deferred", "✗ failed", "- not run"):
        assert meaning in screen.text()


def test_no_color_means_no_escape_sequence(screen: Screen) -> None:
    terminal.tell(ROWS[0], screen)
    assert "\x1b[3" not in screen.getvalue()


def test_signs_fall_back_where_the_encoding_lacks_them(screen: Screen) -> None:
    screen.encoding = "ascii"
    terminal.tell(ROWS[0], screen)
    assert screen.text().startswith("+ download")


def test_markup_in_a_name_is_not_obeyed(screen: Screen) -> None:
    terminal.tell(Row("verify", "x", "failed", "member [red]a[/red] is unsafe"), screen)
    assert "[red]a[/red]" in screen.text()


def test_the_tree_shows_projects_and_networks_as_the_tutorial_checks_them(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    for folder in (
        "cubes/images/train",
        "cubes/images/test",
        "cubes/training/tiny",
        "pre-trained/tiny/checkpoint",
        "pre-trained/tiny/saved_model/variables",
    ):
        (tmp_path / folder).mkdir(parents=True)
    for number in range(9):
        (tmp_path / "cubes/images/train" / f"{number}.png").touch()
    (tmp_path / "pre-trained/tiny/pipeline.config").touch()
    rows = [Row("scaffold", "cubes", "built"), Row("extract", "tiny", "built")]
    terminal.close(rows, BY_NAME, 1, screen)
    shown = screen.text()
    for name in (
        "images",
        "train  9 files",
        "test",
        "training",
        "pre-trained",
        "variables",
        "pipeline.config",
    ):
        assert name in shown
