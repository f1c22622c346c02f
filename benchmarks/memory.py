"""Peak memory of download, verify and extract: one process, no TensorFlow."""

from __future__ import annotations

from benchmarks.room import Room
from benchmarks.table import Goal, Row, Section
from benchmarks.workspaces import Place, fresh

MEGABYTES = (50, 200, 1400)
MOST = 60  # MB


def section(room: Room, rounds: int) -> Section:
    """The chain for archives of several sizes; once each, for memory hardly varies."""
    measured = [_row(room, megabytes) for megabytes in MEGABYTES]
    goals = [
        Goal(f"Peak memory, {row.what}", row.value, "", memory, MOST, " MB")
        for row, memory in measured[1:]
    ]
    title = "Peak memory of `doit extract:…`, cold"
    return Section(title, [row for row, _ in measured], goals, "1 round")


def _row(room: Room, megabytes: int) -> tuple[Row, float]:
    """The row, and the peak in MB."""
    made = room.archive(megabytes)
    place = Place(room.folder / "memory")
    with room.serving(made.path.parent) as address:
        source = f"{address}/{made.path.name}"
        fresh(place.root, {made.network: source}, {"my_cubes": [made.network]}, [made])
        peak = place.peak_memory(f"extract:{made.network}") / 1e6
    place.remove()
    what = f"archive of {made.packed / 1e6:.0f} MB"
    return Row(what, f"{peak:.0f} MB"), peak
