"""The table of figures, the machines that they were measured on, and the last build."""

from __future__ import annotations

from string import ascii_uppercase

from tasks.compare import words
from tasks.compare.inputs import LastBuild, PageInputs
from tasks.compare.view import Build, Cell, Fact, MachineNote, Row, State
from tasks.config.types import Network
from tasks.inference.machine import Machine
from tasks.inference.results import Figures, Result

MEASURED = (
    f"Latency: median, 10–90{words.FIXED}%",
    "Load",
    "Memory",
    "On disk",
    "Found",
    "mAP@[.5:.95]",
    "mAP@0.5",
)
PUBLISHED = ("Speed", "COCO mAP")


def machine_line(machine: Machine) -> str:
    """`AMD EPYC 7763, CPU, 2 threads, 8.3 GB of memory, Linux x86_64; Python …, TensorFlow …`."""
    memory = f"{words.size(machine.memory)} of memory" if machine.memory else ""
    hardware = words.joined(
        (
            machine.processor,
            "CPU only" if machine.device == "CPU" else machine.device,
            words.count(machine.threads, "thread"),
            memory,
            machine.system,
        )
    )
    return f"{hardware}; Python {machine.python}, TensorFlow {machine.tensorflow}"


def machines(inputs: PageInputs) -> tuple[MachineNote, ...]:
    """Each machine and day once, with a letter if there are several."""
    found = dict.fromkeys(
        (machine_line(one.figures.machine), one.figures.measured)
        for one in inputs.comparison.results
        if one.figures
    )
    return tuple(
        MachineNote("" if len(found) == 1 else _letter(number), line, day)
        for number, (line, day) in enumerate(found)
    )


def _letter(number: int) -> str:
    rounds, letter = divmod(number, len(ascii_uppercase))
    return ascii_uppercase[letter] + (str(rounds + 1) if rounds else "")


def mark_of(figures: Figures | None, notes: tuple[MachineNote, ...]) -> str:
    """The letter of the machine that these were measured on."""
    if figures is None:
        return ""
    here = machine_line(figures.machine), figures.measured
    return next((note.mark for note in notes if (note.line, note.measured) == here), "")


def measured_on(figures: Figures) -> str:
    """What must stand beside every figure."""
    return f"measured on {figures.measured} on {machine_line(figures.machine)}"


def rows(inputs: PageInputs, notes: tuple[MachineNote, ...]) -> tuple[Row, ...]:
    return tuple(
        Row(
            title=inputs.title(result.network),
            name=result.network,
            anchor=anchor(number),
            family=inputs.family(result.network),
            mark=mark_of(result.figures, notes),
            state=None if result.status == "measured" else state_of(result),
            cells=cells(result),
            published=published(inputs.networks.get(result.network)),
        )
        for number, result in enumerate(inputs.comparison.results)
    )


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


def cells(result: Result) -> tuple[Cell, ...]:
    """The measured figures, in the order of `MEASURED`; dashes for a network without any."""
    on_disk = words.size(result.size)
    if result.figures is None:
        return tuple(map(Cell, (*[words.NOTHING] * 3, on_disk, *[words.NOTHING] * 3)))
    plain = (
        words.seconds(result.figures.load),
        words.size(result.figures.peak_memory),
        on_disk,
        f"{result.found:,}",
        words.percent(result.accuracy.map if result.accuracy else None),
        words.percent(result.accuracy.map_50 if result.accuracy else None),
    )
    return (_latency(result.figures), *map(Cell, plain))


def _latency(figures: Figures) -> Cell:
    one = figures.latency
    runs = words.count(one.runs, "run")
    threads = words.count(figures.machine.threads, "thread")
    return Cell(words.seconds(one.median), (words.span(one.low, one.high), f"{runs}, {threads}"))


def published(network: Network | None) -> tuple[str, str]:
    """Speed and mAP as the zoo's page has them."""
    if network is None:
        return words.NOTHING, words.NOTHING
    return words.milliseconds(network.speed_ms), words.published_percent(network.map_boxes)


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


def builds(inputs: PageInputs) -> tuple[Build, ...]:
    """The last build, network by network."""
    made = []
    for number, result in enumerate(inputs.comparison.results):
        last = inputs.builds.get(result.network, LastBuild())
        title = inputs.title(result.network)
        made.append(Build(title, anchor(number), installed(last), smoked(last), checks(last)))
    return tuple(made)


def installed(last: LastBuild) -> State:
    if last.extracted == "deferred":
        return State("deferred", "wait", last.reason)
    return State("installed", "good") if last.extracted == "done" else State("not here", "wait")


def smoked(last: LastBuild) -> State:
    """The verdict of the last smoke run. A network that failed has a report and no receipt."""
    if last.smoked == "deferred":
        return State("deferred", "wait", last.reason)
    if last.report is None:
        return State("not run", "plain")
    if bad := [check for check in last.report.checks if check.result == "failed"]:
        return State("failed", "bad", f"{bad[0].name}: {bad[0].detail}".rstrip(": "))
    if last.smoked != "done":
        return State("not finished", "wait", "the last smoke run did not end well")
    word = "passed" if last.report.applicable else "checkpoint only"
    return State(word, "good")


def checks(last: LastBuild) -> str:
    """`7 passed, 1 skipped`."""
    if last.report is None:
        return words.NOTHING
    results = [check.result for check in last.report.checks]
    kinds = ("passed", "failed", "skipped")
    return words.joined(f"{results.count(k)} {k}" if k in results else "" for k in kinds)
