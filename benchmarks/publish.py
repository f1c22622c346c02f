"""Figures on the pages, put there by a command, so that nobody types them.

    figures.json         what was measured last, section by section
    docs/benchmarks.md   all of it
    README.md            the goals

Sections that were measured on another machine, or with other versions, are dropped: one table
must not mix them.
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


@dataclass(frozen=True)
class Figures:
    """What was measured: on what, and the sections by their names."""

    head: Sequence[str] = ()
    sections: Mapping[str, Section] = field(default_factory=dict)


def publish(root: Path, head: Sequence[str], measured: Mapping[str, Section]) -> None:
    """Write what was measured to the three files below `root`.

    Raises:
        ValueError: a page has no place for it.
    """
    file = root / "benchmarks/figures.json"
    before = msgspec.json.decode(file.read_bytes(), type=Figures) if file.exists() else Figures()
    figures = merged(before, head, measured)
    pages = {root / name: text for name, text in rendered(figures).items()}
    texts = {page: replaced(page.read_text(encoding="utf-8"), new) for page, new in pages.items()}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")
    for page, text in texts.items():
        page.write_text(text, encoding="utf-8")


def merged(before: Figures, head: Sequence[str], measured: Mapping[str, Section]) -> Figures:
    """What was measured now, and of what was measured before the sections that are comparable."""
    kept = before.sections if tuple(before.head) == tuple(head) else {}
    both = {**kept, **measured}
    return Figures(tuple(head), {name: both[name] for name in SECTIONS if name in both})


def rendered(figures: Figures) -> dict[str, str]:
    """page → what stands between its marks."""
    sections = tuple(figures.sections.values())
    if not sections:
        return dict.fromkeys(("docs/benchmarks.md", "README.md"), "Not measured yet.\n")
    short = "\n".join([*goals_of(sections), "", f"Measured on {figures.head[0]}."])
    return {"docs/benchmarks.md": markdown(figures.head, sections), "README.md": short + "\n"}


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
