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
class Goal:
    """What was to be reached: `ours` at most `limit` times `theirs`, or at most `limit` where
    nothing is beside it. Values are printed as they stand here."""

    what: str
    ours: str
    theirs: str
    reached: float
    limit: float
    unit: str = "×"

    @property
    def is_met(self) -> bool:
        return self.reached <= self.limit


@dataclass(frozen=True)
class Section:
    """Rows under one heading, the goals that they are held against, how they were measured, and the
    versions of what ran."""

    title: str
    rows: Sequence[Row]
    goals: Sequence[Goal] = ()
    remark: str = ""
    versions: Sequence[str] = ()


def markdown(machine: str, sections: Sequence[Section]) -> str:
    """The whole report: what it was measured on, the goals, and one table of all rows."""
    versions = dict.fromkeys(line for section in sections for line in section.versions)
    lines = [f"- {line}" for line in (machine, *versions)]
    if goals := goals_of(sections):
        lines += ["", *goals]
    lines += ["", "| | median | ratio | |", "| --- | ---: | ---: | --- |"]
    for section in sections:
        lines.append(f"| **{section.title}** | | | {section.remark} |")
        lines += [f"| {r.what} | {r.value} | {r.ratio} | {r.remark} |" for r in section.rows]
    return "\n".join(lines) + "\n"


def goals_of(sections: Sequence[Section]) -> list[str]:
    """A table of the goals alone; no lines if there are none."""
    goals = [goal for section in sections for goal in section.goals]
    if not goals:
        return []
    lines = ["| | here | beside it | reached | goal |", "| --- | ---: | --- | ---: | ---: |"]
    for goal in goals:
        reached, limit = (f"{value:.{_digits(goal)}f}" for value in (goal.reached, goal.limit))
        missed = "" if goal.is_met else ", missed"
        cells = (goal.what, goal.ours, goal.theirs, reached + goal.unit)
        lines.append(f"| {' | '.join(cells)} | {limit}{goal.unit}{missed} |")
    return lines


def _digits(goal: Goal) -> int:
    return 0 if goal.unit == " MB" else 2


def goal(
    what: str,
    samples: Mapping[str, Sequence[Sample]],
    ours: str,
    theirs: str,
    limit: float,
    *,
    cpu: bool = False,
) -> list[Goal]:
    """The goal that one row is at most `limit` times another; none if that one is not there."""
    if not samples.get(theirs) or not samples.get(ours):
        return []
    here, there = (middle(samples[name], cpu=cpu) for name in (ours, theirs))
    return [Goal(what, seconds(here), f"{theirs}: {seconds(there)}", here / there, limit)]


def seconds(value: float) -> str:
    """2.15 s, or 215 ms below a second."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def ratio(value: float, base: float) -> str:
    return f"{value / base:.2f}×"


def middle(samples: Sequence[Sample], *, cpu: bool = False) -> float:
    """Median seconds by the clock, or on the processors."""
    return median([sample.cpu if cpu else sample.wall for sample in samples])


def rows(
    samples: Mapping[str, Sequence[Sample]],
    against: str,
    *,
    cpu: bool = False,
    remarks: Mapping[str, str] | None = None,
) -> list[Row]:
    """A row a contender; `against` names the one that is 1.00×. `cpu` takes processor time."""
    base = middle(samples[against], cpu=cpu) if samples.get(against) else None
    return [
        Row(
            name,
            seconds(value := middle(of_name, cpu=cpu)),
            ratio(value, base) if base else "",
            (remarks or {}).get(name, ""),
        )
        for name, of_name in samples.items()
    ]
