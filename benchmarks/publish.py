"""Figures on the pages, put there by a command, so that nobody types them.

    figures.json         what was measured last, on each kind of machine, section by section
    docs/benchmarks.md   all of it
    README.md            the goals

A section that is measured again replaces its former self; figures of two kinds of machines stand
one after the other, and are never mixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks import SECTIONS
from benchmarks.table import Section, goals_of, markdown

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- benchmarks: begin -->\n", "<!-- benchmarks: end -->\n"
MOST = 2  # kinds of machines that are shown


@dataclass(frozen=True)
class Figures:
    """What was measured on one kind of machine: the sections by their names."""

    machine: str
    sections: Mapping[str, Section] = field(default_factory=dict)

    @property
    def in_order(self) -> list[Section]:
        return [self.sections[name] for name in SECTIONS if name in self.sections]

    def markdown(self) -> str:
        """All of it."""
        return markdown(self.machine, self.in_order)

    def goals(self) -> str:
        """The goals alone."""
        return "\n".join([*goals_of(self.in_order), "", f"Measured on {self.machine}.", ""])


def publish(root: Path, measured: Figures) -> None:
    """Write what was measured to the three files below `root`.

    Raises:
        ValueError: a page has no place for it.
    """
    file = root / "benchmarks/figures.json"
    before = msgspec.json.decode(file.read_bytes(), type=list[Figures]) if file.exists() else []
    figures = merged(before, measured)
    pages = {root / name: text for name, text in rendered(figures).items()}
    texts = {page: replaced(page.read_text(encoding="utf-8"), new) for page, new in pages.items()}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")
    for page, text in texts.items():
        page.write_text(text, encoding="utf-8")


def merged(before: Sequence[Figures], measured: Figures) -> list[Figures]:
    """What is known by now, the kind of machine that was measured last in front."""
    same = [one for one in before if one.machine == measured.machine]
    others = [one for one in before if one.machine != measured.machine]
    known = {**(same[0].sections if same else {}), **measured.sections}
    return [Figures(measured.machine, known), *others][:MOST]


def rendered(figures: Sequence[Figures]) -> dict[str, str]:
    """page → what stands between its marks."""
    if not figures:
        return dict.fromkeys(("docs/benchmarks.md", "README.md"), "Not measured yet.\n")
    return {
        "docs/benchmarks.md": "\n".join(one.markdown() for one in figures),
        "README.md": "\n".join(one.goals() for one in figures),
    }


def replaced(text: str, new: str) -> str:
    """The text with `new` between its marks.

    Raises:
        ValueError: it has no marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("there is no place marked for the benchmarks")
    return before + begin + new + end + after
