"""Measurements as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.measure import Sample, median


@dataclass(frozen=True)
class Row:
    """One line of the table: what was timed, its median, what that is of the row it is held
    against ("" for none), and a remark."""

    what: str
    value: str
    ratio: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Section:
    """Rows under one heading."""

    title: str
    rows: Sequence[Row]


def markdown(head: Sequence[str], sections: Sequence[Section]) -> str:
    """The whole report: a list of what it was measured on, then one table."""
    lines = [f"- {line}" for line in head]
    lines += ["", "| | median | ratio | |", "| --- | ---: | ---: | --- |"]
    for section in sections:
        lines.append(f"| **{section.title}** | | | |")
        lines += [f"| {r.what} | {r.value} | {r.ratio} | {r.remark} |" for r in section.rows]
    return "\n".join(lines) + "\n"


def seconds(value: float) -> str:
    """2.15 s, or 215 ms below a second."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def ratio(value: float, base: float) -> str:
    return f"{value / base:.2f}×"


def rows(
    samples: Mapping[str, Sequence[Sample]],
    against: str,
    *,
    cpu: bool = False,
    remarks: Mapping[str, str] | None = None,
) -> list[Row]:
    """A row a contender; `against` names the one that is 1.00×. `cpu` takes processor time."""

    def middle(name: str) -> float:
        return median([sample.cpu if cpu else sample.wall for sample in samples[name]])

    base = middle(against) if samples.get(against) else None
    return [
        Row(
            name,
            seconds(middle(name)),
            ratio(middle(name), base) if base else "",
            (remarks or {}).get(name, ""),
        )
        for name in samples
    ]
