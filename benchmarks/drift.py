"""A file of an installed network is damaged: until that is noticed, and until it is mended.

DVC tracks the same folder; it mends from its cache, which holds every file a second time. We mend
from the archive, which is kept compressed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.archives import DATA, Made
from benchmarks.measure import Contender, environment, interleave, process
from benchmarks.room import NETWORK, Room
from benchmarks.table import Section, goal, rows
from benchmarks.workspaces import Place, fresh

DAMAGED = (f"checkpoint/ckpt-0{DATA}", f"saved_model/variables/variables{DATA}")
OURS = "`doit extract:…`"
DVC_MENDS, DVC_LOOKS = "`dvc checkout` mends either", "`dvc status` finds no damage"
LOOKS = f"{OURS} finds no damage"
EARLY, LATE = "mends the checkpoint", "mends the SavedModel, which comes last in the archive"
LIMIT = 1.2  # of the time that `dvc checkout` takes


def section(room: Room, rounds: int) -> Section:
    """Damage and mend in turn, for each of the two large files; and look with no damage."""
    made = room.archive(200)
    place = _installed(room, made)
    contenders = [*_ours(place), *_dvc(room, place.root / "pre-trained" / NETWORK)]
    samples = interleave(contenders, rounds, room.say)
    large = (place.root / "pre-trained" / NETWORK / DAMAGED[0]).stat().st_size
    place.remove()
    title = f"One file of {large / 1e6:.0f} MB damaged"
    reached = [
        one
        for which, words in (("first", EARLY), ("last", LATE))
        for one in goal(
            f"Mend the {which} of two files of {large / 1e6:.0f} MB",
            samples,
            f"{OURS} {words}",
            DVC_MENDS,
            LIMIT,
        )
    ]
    looking = {name: samples.pop(name) for name in (DVC_LOOKS, LOOKS) if name in samples}
    return Section(title, [*rows(samples, DVC_MENDS), *rows(looking, DVC_LOOKS)], reached)


def _installed(room: Room, made: Made) -> Place:
    place = Place(room.folder / "drift")
    with room.serving(made.path.parent) as address:
        source = f"{address}/{made.path.name}"
        fresh(place.root, {made.network: source}, {"my_cubes": [made.network]}, [made])
        place.doit(f"extract:{made.network}")
    return place


def _ours(place: Place) -> Iterator[Contender]:
    folder, task = place.root / "pre-trained" / NETWORK, f"extract:{NETWORK}"
    for path, words in zip(DAMAGED, (EARLY, LATE), strict=True):
        yield Contender(f"{OURS} {words}", lambda: place.doit(task), partial(damage, folder / path))
    yield Contender(LOOKS, lambda: place.doit(task))


def _dvc(room: Room, installed: Path) -> Iterator[Contender]:
    program = room.tools.find("dvc")
    if program is None:
        return
    place = room.folder / "drift-dvc"
    place.mkdir()
    surroundings = environment(DVC_NO_ANALYTICS="1", DVC_SITE_CACHE_DIR=str(place / "site"))
    shutil.copytree(installed, place / "net")
    for words in (["init", "--no-scm", "--quiet"], ["add", "--quiet", "net"]):
        process([program, *words], place, surroundings)
    mend = [program, "checkout", "--force", "--quiet"]
    yield Contender(
        DVC_MENDS,
        lambda: process(mend, place, surroundings),
        partial(damage, place / "net" / DAMAGED[1]),
    )
    look = [program, "status", "--quiet"]
    yield Contender(DVC_LOOKS, lambda: process(look, place, surroundings))


def damage(path: Path) -> None:
    """Change one byte in the middle of a file."""
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2)
        old = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([old[0] ^ 1]))
