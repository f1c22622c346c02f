"""Peak memory of download, verify and extract: one process, no TensorFlow."""

from __future__ import annotations

from benchmarks.room import Room
from benchmarks.table import Row, Section, seconds
from benchmarks.workspaces import Place, fresh

MEGABYTES = (50, 200, 1400)


def section(room: Room, rounds: int) -> Section:
    """The chain for archives of several sizes; once each, for memory hardly varies."""
    return Section("Peak memory of `doit extract:…`, cold", [_row(room, mb) for mb in MEGABYTES])


def _row(room: Room, megabytes: int) -> Row:
    made = room.archive(megabytes)
    place = Place(room.folder / "memory")
    with room.serving(made.path.parent) as address:
        source = f"{address}/{made.path.name}"
        fresh(place.root, {made.network: source}, {"my_cubes": [made.network]})
        sample = place.doit(f"extract:{made.network}")
    place.remove()
    what = f"archive of {made.packed / 1e6:.0f} MB"
    return Row(what, f"{sample.memory / 1e6:.0f} MB", "", f"in {seconds(sample.wall)}")
