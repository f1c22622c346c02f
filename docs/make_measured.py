"""Write a measured example into choosing.md, so that nobody types figures:

    python docs/make_measured.py results/cube_faces/comparison.json

takes what `doit compare:cube_faces` measured. Networks that were not measured are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from tasks.compare.figures import machine_line
from tasks.inference.results import Comparison, Result
from tasks.pages import units

PAGE = Path(__file__).with_name("choosing.md")
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
HEAD = """\
| network | latency, median | 10 to 90 % | runs | load | memory | mAP@[.5:.95] |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def row(result: Result) -> str:
    """One network's line of the table."""
    figures = result.figures
    assert figures is not None
    latency = figures.latency
    right = units.percent(result.accuracy.map) if result.accuracy else "–"
    cells = (
        f"`{result.network}`",
        units.seconds(latency.median),
        units.span(latency.low, latency.high),
        f"{latency.runs}",
        units.seconds(figures.load),
        units.size(figures.peak_memory),
        right,
    )
    return f"| {' | '.join(cells)} |\n"


def table(comparison: Comparison) -> str:
    """The table, and under it what it was measured on."""
    measured = [one for one in comparison.results if one.figures]
    days = sorted({one.figures.measured for one in measured if one.figures})
    machines = dict.fromkeys(machine_line(one.figures.machine) for one in measured if one.figures)
    run_on = units.count(comparison.pictures, "drawn scene" if comparison.drawn else "picture")
    told = f"{run_on}, measured on {' and '.join(days)}: {'; '.join(machines)}."
    return f"{HEAD}{''.join(map(row, measured))}\n{told}\n"


def comparison_in(given: list[str]) -> Comparison:
    """What was measured, from the file that the command line names.

    Raises:
        SystemExit: it names none, or none that can be read or tells of a measured network.
    """
    if len(given) != 1:
        raise SystemExit("usage: python docs/make_measured.py results/PROJECT/comparison.json")
    try:
        found = msgspec.json.decode(Path(given[0]).read_bytes(), type=Comparison)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise SystemExit(f"{given[0]}: {why}; `doit compare` makes it") from None
    except (msgspec.DecodeError, ValueError):
        raise SystemExit(f"{given[0]}: it is no comparison that `doit compare` made") from None
    if not any(one.figures for one in found.results):
        raise SystemExit(f"{given[0]}: no network was measured")
    return found


def main() -> None:
    comparison = comparison_in(sys.argv[1:])
    text = PAGE.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} has no place marked for the figures")
    PAGE.write_text(before + begin + table(comparison) + end + after, encoding="utf-8")


if __name__ == "__main__":
    main()
