"""At the rates of real networks: what is left to do once the last byte was sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from benchmarks.archives import Made
from benchmarks.install import TUTORIAL, by_hand
from benchmarks.measure import Contender, Sample, interleave
from benchmarks.room import Room
from benchmarks.server import last_byte
from benchmarks.table import Goal, Row, Section, middle, seconds
from benchmarks.workspaces import Place, fresh

MEGABYTES = 200
RATES = (10, 50, 100)  # MB/s
JUDGED, LIMIT = 50, 0.3  # MB/s; seconds from the last byte to what is installed
ROUNDS = 3  # at most: at 10 MB/s each run takes 20 seconds
INSTALLED, ENDED = "`doit extract:…`, until it is installed", "`doit extract:…`, to its end"


def section(room: Room, rounds: int) -> Section:
    """The seconds from the last byte sent, for the tutorial's commands and for ours, at each rate;
    both figures of ours are of the same runs."""
    made, rounds = room.archive(MEGABYTES), min(rounds, ROUNDS)
    table, goals = list[Row](), list[Goal]()
    with room.serving(made.path.parent) as address:
        for rate in RATES:
            url = f"{address}/{rate}/{made.path.name}"
            contenders = [*_tutorial(room, url, address), _ours(room, url, address, made)]
            samples = interleave(contenders, rounds, room.say)
            samples[ENDED] = [Sample(float(one.out), one.cpu) for one in samples[INSTALLED]]
            rows = ((name, middle(of_name)) for name, of_name in samples.items())
            table += [Row(f"{rate} MB/s: {name}", seconds(value)) for name, value in rows]
            if rate == JUDGED:
                reached = middle(samples[INSTALLED])
                what = f"Last byte to installed, at {rate} MB/s"
                goals.append(Goal(what, seconds(reached), "", reached, LIMIT, " s"))
    title = f"After the last byte of {made.packed / 1e6:.0f} MB, at the rate of a network"
    return Section(title, table, goals, f"{rounds} rounds")


def _tutorial(room: Room, url: str, address: str) -> Iterator[Contender]:
    for contender in by_hand(room, url):
        if contender.name == TUTORIAL:
            yield Contender(TUTORIAL, partial(_since, contender, address), contender.prepare)


def _since(contender: Contender, address: str) -> Sample:
    """A run, timed from the last byte on."""
    sample = contender.run()
    return Sample(time.time() - last_byte(address), sample.cpu)


def _ours(room: Room, url: str, address: str, made: Made) -> Contender:
    """Renaming sets a folder's time of change: that is when the network was installed."""
    place = Place(room.folder / "rates")

    def prepare() -> None:
        fresh(place.root, {made.network: url}, {"my_cubes": [made.network]}, [made])

    def run() -> Sample:
        sample = place.doit(f"extract:{made.network}")
        ended, sent = time.time(), last_byte(address)
        installed = (place.root / "pre-trained" / made.network).stat().st_ctime
        return Sample(installed - sent, sample.cpu, str(ended - sent))

    return Contender(INSTALLED, run, prepare)
