"""`doit -n 2` beside one step at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks.archives import Made
from benchmarks.measure import Contender, Sample, interleave
from benchmarks.room import Room
from benchmarks.smoke import EMBEDDED
from benchmarks.table import Section, goal, rows
from benchmarks.workspaces import Place, fresh

FOUR = range(4)
MEGABYTES = 50
LIMIT = 0.75  # of the time of one step after the other


def section(room: Room, rounds: int) -> Section:
    """Four networks of 50 MB up to extraction; four of the embedded one's size up to inference."""
    made = [room.archive(MEGABYTES, f"net_{number}_coco17_tpu-8") for number in FOUR]
    with room.serving(made[0].path.parent) as address:
        served = {each.network: f"{address}/{each.path.name}" for each in made}
        installed = _pair(room, rounds, "extract", served, made, f"4 networks of {MEGABYTES} MB")
    one, two = installed
    what = f"Install 4 networks of {MEGABYTES} MB, two steps at a time"
    reached = goal(what, installed, two, one, LIMIT)
    small = {f"embedded_{number}": str(EMBEDDED) for number in FOUR}
    smoked = _pair(room, rounds, "smoke", small, [], "4 networks of the embedded one's size")
    table = [*rows(installed, one), *rows(smoked, next(iter(smoked)))]
    return Section("Two steps at a time, from an empty cache", table, reached)


def _pair(
    room: Room,
    rounds: int,
    group: str,
    sources: Mapping[str, str],
    made: Iterable[Made],
    described: str,
) -> dict[str, list[Sample]]:
    """What one step at a time takes, then two."""
    place = Place(room.folder / f"parallel-{group}")

    def prepare() -> None:
        fresh(place.root, sources, {"my_cubes": sources}, made)

    def contender(*words: str) -> Contender:
        title = f"`doit {' '.join(words)}`, {described}"
        return Contender(title, lambda: place.doit(*words), prepare)

    contenders = [contender(group), contender("-n", "2", group)]
    samples = interleave(contenders, rounds, room.say)
    place.remove()
    return samples
