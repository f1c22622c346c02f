"""Nothing to do: how long until that is known.

What is compared are whole processes. The networks are installed by the project's own steps; their
inference alone is made up (a receipt and its results), for it would take TensorFlow to no purpose.
Every project uses every network: the most that there can be to look at.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from benchmarks import pipelines
from benchmarks.archives import make
from benchmarks.measure import Contender, Sample, environment, interleave, process
from benchmarks.pipelines import Pipeline
from benchmarks.room import Room
from benchmarks.table import Goal, Section, goal, middle, rows, seconds
from benchmarks.workspaces import Place, fresh

SIZES = ((1, 1), (2, 1), (2, 1, 1), (10, 1), (43, 1), (10, 10), (43, 10), (43, 50))
UNREACHABLE = "https://127.0.0.1:9/{}.tar.gz"  # nobody listens there
OFTENER = 4  # these are so short that more rounds cost little
SMOKED = """
import sys
from pathlib import Path
from tasks.core import receipts
from tasks.core.ownership import write_results
from tasks.pipeline.job import NetworkJob
from tasks.core.paths import Workspace
from tasks.inference.report import SmokeReceipt
from tasks.pipeline.receipts import ExtractReceipt
from tasks.smoke.picture import SCENE_ID
from tasks.smoke.step import definition
from tasks.inference.machine import tensorflow_version
from tasks.wiring.start import start
workspace = Workspace(Path())
config = start(workspace)
for name in sys.argv[1:]:
    job = NetworkJob(config, workspace, network=config.networks[name])
    extracted = receipts.read(workspace.receipt("extract", name), ExtractReceipt)
    place = workspace.receipt("smoke", name)
    files = {workspace.smoke_json(name): b"{}", workspace.smoke_picture(name): b"PNG"}
    outputs, _ = write_results(workspace.root, place, SmokeReceipt(definition=""), files)
    receipts.write(place, SmokeReceipt(
        definition=definition(job), tree=extracted.tree, picture=SCENE_ID,
        tensorflow=tensorflow_version(), outputs=outputs))
"""


@dataclass(frozen=True)
class Size:
    """So many networks, and projects that use them all; so many of the networks are deferred."""

    networks: int
    projects: int
    deferred: int = 0

    @property
    def said(self) -> str:
        many = "" if self.projects == 1 else "s"
        nets = "" if self.networks == 1 else "s"
        deferred = f", {self.deferred} of them deferred" if self.deferred else ""
        return f"{self.networks} network{nets}{deferred}, {self.projects} project{many}"

    def __str__(self) -> str:
        return f"`doit`, {self.said}"


# Times a bare doit.
LIMITS = {Size(2, 1, 1): 1.5, Size(43, 50): 2.2}
BARE = "a bare doit: five tasks, one file each"


def section(room: Room, rounds: int) -> Section:
    """All sizes and all contenders in turn; processor time, for the clock's varies too much."""
    sizes = [Size(*size) for size in SIZES]
    contenders = [
        *_five(room),
        *(_ours(built(room, size), size) for size in sizes),
        *_as_large(room, sizes[-1]),
    ]
    fast = [contender for contender in contenders if "dvc" not in contender.name]
    slow = [contender for contender in contenders if "dvc" in contender.name]
    samples = interleave(fast, rounds * OFTENER, room.say) | interleave(slow, rounds, room.say)
    title = "Nothing to do (processor time of the process, start included)"
    ordered = {contender.name: samples[contender.name] for contender in contenders}
    clock = {name: f"{seconds(middle(ordered[name]))} by the clock" for name in ordered}
    table = rows(ordered, BARE, cpu=True, remarks=clock)
    remark = f"{rounds * OFTENER} rounds, of dvc {rounds}"
    return Section(title, table, [*chain.from_iterable(_goals(samples))], remark)


def _goals(samples: dict[str, list[Sample]]) -> Iterator[list[Goal]]:
    for size, limit in LIMITS.items():
        what = f"Nothing to do, {size.said} (processor time)"
        yield goal(what, samples, str(size), BARE, limit, cpu=True)


def built(room: Room, size: Size) -> Place:
    """A workspace in which everything is done."""
    names = [f"net_{number:02d}_coco17_tpu-8" for number in range(size.networks)]
    folder = room.folder / "small"
    made = [make(folder, name, 4096, graph=4096) for name in names[size.deferred :]]
    place = Place(room.folder / f"noop-{size.networks}-{size.projects}-{size.deferred}")
    projects = {f"project_{number:02d}": names for number in range(size.projects)}
    with room.serving(folder) as address:
        sources = {name: UNREACHABLE.format(name) for name in names[: size.deferred]}
        sources |= {each.network: f"{address}/{each.path.name}" for each in made}
        fresh(place.root, sources, projects, made)
        room.say(f"  {size.said}")
        place.doit("scaffold")
    surroundings = environment(TOD_CACHE=str(place.cache))
    installed = [each.network for each in made]
    process([sys.executable, "-c", SMOKED, *installed], place.root, surroundings)
    place.doit()  # finds all of it done, and notes that
    if "nothing to do" not in (said := place.doit().out.lower()):
        room.say(f"  not up to date: {said}")
    return place


def _ours(place: Place, size: Size) -> Contender:
    return Contender(str(size), place.doit)


def _five(room: Room) -> Iterator[Contender]:
    """The same five trivial steps, under each of the tools."""
    yield from _of(room, Pipeline.of_chains(1, 1), {"doit": BARE}, "five steps")


def _as_large(room: Room, size: Size) -> Iterator[Contender]:
    """As many steps, and as many files between them, as we have at this size."""
    many = Pipeline.of_chains(size.networks, size.projects)
    yield from _of(room, many, {}, f"{len(many.steps)} steps, {many.edges} dependencies")


def _of(
    room: Room, pipeline: Pipeline, names: dict[str, str], described: str
) -> Iterator[Contender]:
    folder = room.folder / f"pipelines-{len(pipeline.steps)}"
    for tool, write in pipelines.WRITERS.items():
        program = sys.executable if tool == "doit" else room.tools.find(tool)
        if program is None:
            continue
        place = folder / tool
        command = write(pipeline, place, program)
        title = names.get(tool, f"{'a bare doit' if tool == 'doit' else tool}: {described}")
        yield Contender(title, _runner(command, place))


def _runner(command: list[str], place: Path) -> Callable[[], Sample]:
    """Build once; from then on there is nothing to do."""
    surroundings = environment(DVC_NO_ANALYTICS="1", DVC_SITE_CACHE_DIR=str(place / "site"))
    process(command, place, surroundings)
    return lambda: process(command, place, surroundings)
