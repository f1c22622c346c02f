"""The table of figures, the machines that they were measured on, and the last build."""

from __future__ import annotations

from string import ascii_uppercase

from msgspec import Struct

from tasks.compare.inputs import LastBuild, PageInputs
from tasks.config.types import Network
from tasks.inference.machine import Machine
from tasks.inference.results import Figures, Result
from tasks.pages import units
from tasks.pages.facts import Fact, State

MEASURED = (
    f"Latency: median, 10–90{units.FIXED}%",
    "Load",
    "Memory",
    "On disk",
    "Found",
    "mAP@[.5:.95]",
    "mAP@0.5",
)
PUBLISHED = ("Speed", "COCO mAP")


class MachineNote(Struct, frozen=True):
    """Where and when figures were measured; `letter` is "" if there is only one such note."""

    letter: str
    machine: str
    day: str


class Build(Struct, frozen=True):
    """One network in the summary of the last build."""

    title: str
    anchor: str
    installed: State
    smoke: State
    checks: str


class Cell(Struct, frozen=True):
    """A figure, and the details under it in smaller type."""

    value: str
    details: tuple[str, ...] = ()


class Row(Struct, frozen=True):
    """One network in the table of figures; `state` if it was not measured."""

    title: str
    anchor: str
    family: str
    letter: str
    state: State | None
    cells: tuple[Cell, ...]
    published: tuple[str, ...]


def anchor(number: int) -> str:
    """The id of a network's card; its name may hold what an address must not."""
    return f"network-{number + 1}"


def state_of(result: Result) -> State:
    match result.status:
        case "measured":
            return State("measured", "good")
        case "deferred":
            return State("deferred", "wait", result.why)
        case _:
            return State("failed", "bad", result.why)


def builds(inputs: PageInputs) -> tuple[Build, ...]:
    """The last build, network by network."""
    made = []
    for number, result in enumerate(inputs.comparison.results):
        last = inputs.builds.get(result.network, LastBuild())
        states = installed_state(last), smoke_state(last)
        made.append(Build(inputs.title(result.network), anchor(number), *states, checks(last)))
    return tuple(made)


def installed_state(last: LastBuild) -> State:
    if last.extracted == "deferred":
        return State("deferred", "wait", last.reason)
    return State("installed", "good") if last.extracted == "done" else State("not here", "wait")


def smoke_state(last: LastBuild) -> State:
    """How the last smoke run ended. A network that failed has a report and no receipt."""
    if last.smoked == "deferred":
        return State("deferred", "wait", last.reason)
    if last.report is None:
        return State("not run", "plain")
    if bad := [check for check in last.report.checks if check.result == "failed"]:
        return State("failed", "bad", f"{bad[0].name}: {bad[0].detail}".rstrip(": "))
    if last.smoked != "done":
        return State("not finished", "wait", "the last smoke run did not end well")
    return State("passed" if last.report.applicable else "checkpoint only", "good")


def checks(last: LastBuild) -> str:
    """`7 passed, 1 skipped`."""
    if last.report is None:
        return units.UNKNOWN
    results = [check.result for check in last.report.checks]
    kinds = ("passed", "failed", "skipped")
    return units.joined(f"{results.count(k)} {k}" if k in results else "" for k in kinds)


def machine_line(machine: Machine) -> str:
    """`AMD EPYC 7763, CPU only, 2 threads, 8.3 GB of memory, Linux x86_64; Python 3.11.9, …`."""
    hardware = (
        f"worker {machine.name}" if machine.name else "",
        machine.processor,
        "CPU only" if machine.device == "CPU" else machine.device,
        units.count(machine.threads, "thread"),
        f"{units.size(machine.memory)} of memory" if machine.memory else "",
        machine.system,
    )
    return f"{units.joined(hardware)}; Python {machine.python}, TensorFlow {machine.tensorflow}"


def measured_on(figures: Figures) -> str:
    """The day and the machine, which must stand beside every figure."""
    return f"measured on {figures.measured} on {machine_line(figures.machine)}"


def machines(inputs: PageInputs) -> tuple[MachineNote, ...]:
    """Each machine and day once, with a letter if there are several."""
    measured = (one.figures for one in inputs.comparison.results if one.figures)
    found = dict.fromkeys((machine_line(one.machine), one.measured) for one in measured)
    return tuple(
        MachineNote(_letter(number) if len(found) > 1 else "", machine, day)
        for number, (machine, day) in enumerate(found)
    )


def _letter(number: int) -> str:
    rounds, letter = divmod(number, len(ascii_uppercase))
    return ascii_uppercase[letter] + (str(rounds + 1) if rounds else "")


def rows(inputs: PageInputs, notes: tuple[MachineNote, ...]) -> tuple[Row, ...]:
    """The table of figures; `notes` are those of `machines`."""
    letters = {(note.machine, note.day): note.letter for note in notes}
    return tuple(
        Row(
            title=inputs.title(result.network),
            anchor=anchor(number),
            family=inputs.family(result.network),
            letter=_letter_of(result.figures, letters),
            state=None if result.status == "measured" else state_of(result),
            cells=cells(result),
            published=published(inputs.networks.get(result.network)),
        )
        for number, result in enumerate(inputs.comparison.results)
    )


def _letter_of(figures: Figures | None, letters: dict[tuple[str, str], str]) -> str:
    return letters.get((machine_line(figures.machine), figures.measured), "") if figures else ""


def cells(result: Result) -> tuple[Cell, ...]:
    """The measured figures, in the order of `MEASURED`; dashes for a network without any."""
    on_disk = units.size(result.size)
    if result.figures is None:
        return tuple(map(Cell, (*[units.UNKNOWN] * 3, on_disk, *[units.UNKNOWN] * 3)))
    figures, accuracy = result.figures, result.accuracy
    one, threads = figures.latency, units.count(figures.machine.threads, "thread")
    details = units.span(one.low, one.high), f"{units.count(one.runs, 'run')}, {threads}"
    return (
        Cell(units.seconds(one.median), details),
        Cell(units.seconds(figures.load)),
        Cell(units.size(figures.peak_memory)),
        Cell(on_disk),
        Cell(f"{result.found:,}"),
        Cell(units.percent(accuracy.map if accuracy else None)),
        Cell(units.percent(accuracy.map_50 if accuracy else None)),
    )


def published(network: Network | None) -> tuple[str, str]:
    """Speed and mAP as the zoo's page has them."""
    if network is None:
        return units.UNKNOWN, units.UNKNOWN
    return units.milliseconds(network.speed_ms), units.published_percent(network.map_boxes)


def left_out(inputs: PageInputs) -> tuple[Fact, ...]:
    """Network → why it has no mAP, or of which labels it has none."""
    found = list[Fact]()
    for result in inputs.comparison.results:
        title = inputs.title(result.network)
        if result.accuracy and result.accuracy.unknown:
            labels = ", ".join(result.accuracy.unknown)
            found.append(Fact(title, f"it does not know {labels}: not in its mAP"))
        elif result.unscored:
            found.append(Fact(title, f"no mAP: {result.unscored}"))
    return tuple(found)
