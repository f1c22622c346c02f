"""The embedded network's chain from clean, TensorFlow's part aside."""

from __future__ import annotations

from benchmarks.measure import Contender, interleave
from benchmarks.room import Room
from benchmarks.smoke import EMBEDDED
from benchmarks.table import Goal, Section, middle, rows, seconds
from benchmarks.workspaces import Place, fresh

CHAIN = "`doit extract scaffold`, from a fresh clone"
AGAIN = "the same, nothing to do"
LIMIT = 1.0  # seconds


def section(room: Room, rounds: int) -> Section:
    """All steps but smoke, which is TensorFlow's: download, verify, extract, scaffold."""
    place = Place(room.folder / "chain")

    def prepare() -> None:
        fresh(place.root, {"embedded": str(EMBEDDED)}, {"my_cubes": ["embedded"]}, [])

    def chain() -> Contender:
        return Contender(CHAIN, lambda: place.doit("extract", "scaffold"), prepare)

    again = Contender(AGAIN, lambda: place.doit("extract", "scaffold"))
    samples = interleave([chain(), again], rounds, room.say)
    place.remove()
    took = middle(samples[CHAIN])
    goals = [Goal("The embedded chain without smoke", seconds(took), "", took, LIMIT, " s")]
    return Section("The embedded network from clean, TensorFlow aside", rows(samples, CHAIN), goals)
