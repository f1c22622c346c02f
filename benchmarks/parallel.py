"""`doit -n 2` beside one step at a time."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.archives import Made
from benchmarks.measure import Contender, interleave
from benchmarks.room import Room
from benchmarks.smoke import EMBEDDED
from benchmarks.table import Row, Section, rows
from benchmarks.workspaces import Place, fresh

FOUR = range(4)
MEGABYTES = 50


def section(room: Room, rounds: int) -> Section:
    """Four networks of 50 MB up to extraction; four of the embedded one's size up to inference."""
    made = [room.archive(MEGABYTES, f"net_{number}_coco17_tpu-8") for number in FOUR]
    with room.serving(made[0].path.parent) as address:
        served = {each.network: f"{address}/{each.path.name}" for each in made}
        installed = _pair(room, rounds, "extract", served, made, f"4 networks of {MEGABYTES} MB")
    small = {f"embedded_{number}": str(EMBEDDED) for number in FOUR}
    smoked = _pair(room, rounds, "smoke", small, [], "4 networks of the embedded one's size")
    return Section("Two steps at a time, from an empty cache", [*installed, *smoked])


def _pair(
    room: Room,
    rounds: int,
    group: str,
    sources: dict[str, str],
    made: Iterable[Made],
    described: str,
) -> list[Row]:
    place = Place(room.folder / f"parallel-{group}")

    def prepare() -> None:
        fresh(place.root, sources, {"my_cubes": sources}, made)

    def contender(*words: str) -> Contender:
        title = f"`doit {' '.join(words)}`, {described}"
        return Contender(title, lambda: place.doit(*words), prepare)

    contenders = [contender(group), contender("-n", "2", group)]
    samples = interleave(contenders, rounds, room.say)
    place.remove()
    return rows(samples, contenders[0].name)
