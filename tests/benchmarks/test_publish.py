"""Figures stand on the pages as they were measured."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from benchmarks.publish import BEGIN, END, Figures, merged, publish, rendered, replaced
from benchmarks.table import Goal, Row, Section
from tests.support.checkouts import ROOT

PAGES = ("docs/benchmarks.md", "README.md")
INSTALL = Section("Install", [Row("ours", "1.00 s")], [Goal("Install", "1.00 s", "", 0.5, 0.6)])
NOOP = Section("Nothing to do", [Row("ours", "200 ms")])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The pages as they are, and nothing measured."""
    for name in ("docs", "benchmarks"):
        (tmp_path / name).mkdir()
    for page in PAGES:
        shutil.copyfile(ROOT / page, tmp_path / page)
    return tmp_path


def test_the_pages_show_what_was_measured() -> None:
    measured = (ROOT / "benchmarks/figures.json").read_bytes()
    figures = msgspec.json.decode(measured, type=list[Figures])
    for page, new in rendered(figures).items():
        assert BEGIN + new + END in (ROOT / page).read_text(encoding="utf-8"), page


def test_what_is_measured_replaces_what_was(root: Path) -> None:
    before = {page: (root / page).read_text(encoding="utf-8") for page in PAGES}
    publish(root, Figures("2 processors", {"noop": NOOP}))
    publish(root, Figures("2 processors", {"install": INSTALL}))
    for page in PAGES:
        text = (root / page).read_text(encoding="utf-8")
        assert text.partition(BEGIN)[0] == before[page].partition(BEGIN)[0]
        assert text.partition(END)[2] == before[page].partition(END)[2]
    page = (root / "docs/benchmarks.md").read_text(encoding="utf-8")
    assert page.index("| ours | 1.00 s |") < page.index("| ours | 200 ms |")
    assert "| Install | 1.00 s |" in (root / "README.md").read_text(encoding="utf-8")


def test_figures_of_two_kinds_of_machines_stand_one_after_the_other() -> None:
    small = Figures("2 processors", {"noop": NOOP})
    large = Figures("8 processors", {"install": INSTALL})
    assert merged([small], large) == [large, small]
    page = rendered([large, small])["docs/benchmarks.md"]
    assert page.index("8 processors") < page.index("| ours | 1.00 s |") < page.index("2 processors")


def test_a_section_that_is_measured_again_leaves_the_others_as_they_were() -> None:
    before = [Figures("2 processors", {"noop": NOOP, "install": INSTALL})]
    again = Section("Nothing to do", [Row("ours", "100 ms")])
    (now,) = merged(before, Figures("2 processors", {"noop": again}))
    assert now.sections == {"noop": again, "install": INSTALL}


def test_a_third_kind_of_machine_takes_the_place_of_the_one_measured_first() -> None:
    machines = [Figures(name, {"noop": NOOP}) for name in ("second", "first")]
    assert [one.machine for one in merged(machines, Figures("third"))] == ["third", "second"]


def test_a_page_without_a_place_is_refused_and_nothing_is_written(root: Path) -> None:
    (root / "README.md").write_text("# tod-tf2\n")
    before = (root / "docs/benchmarks.md").read_bytes()
    with pytest.raises(ValueError, match="no place marked"):
        publish(root, Figures("2 processors", {"install": INSTALL}))
    assert (root / "docs/benchmarks.md").read_bytes() == before
    assert not (root / "benchmarks/figures.json").exists()


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    assert replaced(f"a\n{BEGIN}old\n{END}b\n", "new\n") == f"a\n{BEGIN}new\n{END}b\n"
