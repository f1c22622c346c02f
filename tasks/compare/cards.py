"""A card for each network: all that was measured, found out and published."""

from __future__ import annotations

import math

from msgspec import Struct

from tasks.compare.figures import anchor, measured_on, smoke_state, state_of
from tasks.compare.inputs import LastBuild, PageInputs
from tasks.config.types import Network
from tasks.inference.report import Report, Shape
from tasks.inference.results import Accuracy, Figures, Result
from tasks.pages import units
from tasks.pages.facts import Fact, State, Table


class Card(Struct, frozen=True):
    """All about one network."""

    title: str
    name: str
    anchor: str
    family: str
    state: State
    facts: tuple[Fact, ...]
    tables: tuple[Table, ...]
    digests: tuple[Fact, ...]
    sources: tuple[str, ...]
    notes: tuple[str, ...]


def cards(inputs: PageInputs) -> tuple[Card, ...]:
    results = inputs.comparison.results
    return tuple(_card(inputs, number, result) for number, result in enumerate(results))


def _card(inputs: PageInputs, number: int, result: Result) -> Card:
    network = inputs.networks.get(result.network)
    last = inputs.builds.get(result.network, LastBuild())
    smoke = smoke_state(last)
    return Card(
        title=inputs.title(result.network),
        name=result.network,
        anchor=anchor(number),
        family=inputs.family(result.network),
        state=state_of(result),
        facts=(
            Fact("Smoke run", units.joined((smoke.word, smoke.why), ": ")),
            *(_measured(result.figures) if result.figures else ()),
            *_accuracy(result),
            *((Fact("On disk", units.size(result.size)),) if result.size else ()),
            *(_published(network) if network else ()),
        ),
        tables=_tables(result.accuracy, last.report),
        digests=_digests(result, last.report),
        sources=network.sources if network else (),
        notes=_notes(network),
    )


def _measured(figures: Figures) -> tuple[Fact, ...]:
    one = figures.latency
    over = f"{units.count(one.runs, 'run')} over {units.count(one.pictures, 'picture')}"
    spread = f"10–90 %: {units.span(one.low, one.high)}; {over}"
    grown, peak = units.size(figures.grown_memory), units.size(figures.peak_memory)
    return (
        Fact("Latency", f"{units.seconds(one.median)} ({spread})"),
        Fact("First picture", units.seconds(figures.first)),
        Fact("Load", units.seconds(figures.load)),
        Fact("Memory", f"{peak} at most, of which {grown} came with this network"),
        Fact("Measured", measured_on(figures).removeprefix("measured on ")),
    )


def _accuracy(result: Result) -> tuple[Fact, ...]:
    accuracy = result.accuracy
    if accuracy is None:
        return (Fact("mAP", f"none: {result.unscored}"),) if result.unscored else ()
    boxes = units.count(accuracy.boxes, "box", "boxes")
    over = f"{boxes} on {units.count(accuracy.pictures, 'annotated picture')}"
    both = f"{units.percent(accuracy.map)} (at IoU 0.5: {units.percent(accuracy.map_50)}; {over})"
    unknown = ", ".join(accuracy.unknown)
    more = (Fact("Labels it does not know", unknown),) if unknown else ()
    return (Fact("mAP@[.5:.95]", both), *more)


def _published(network: Network) -> tuple[Fact, ...]:
    found = []
    if network.speed_ms is not None:
        speed = f"{units.milliseconds(network.speed_ms)}, on hardware that is not named"
        found.append(Fact("Published speed", speed))
    if network.map_boxes is not None:
        found.append(Fact("Published COCO mAP", units.published_percent(network.map_boxes)))
    if network.input_size:
        first, second = network.input_size
        if network.resizer == "keep_aspect_ratio":
            size = f"shorter side {first}, longer side at most {second} pixels"
        else:
            size = f"{second} × {first} pixels"
        found.append(Fact("Input size", size))
    if network.licence:
        found.append(Fact("Licence", network.licence))
    return tuple(found)


def _notes(network: Network | None) -> tuple[str, ...]:
    if network is None:
        return ("The catalogue does not know this network any more.",)
    training = (
        "" if network.is_trainable else f"Can't be trained: {network.not_trainable}.",
        f"Its training needs {network.training_needs}." if network.training_needs else "",
    )
    return tuple(note for note in (*network.notes, *training) if note)


def _tables(accuracy: Accuracy | None, report: Report | None) -> tuple[Table, ...]:
    found = []
    if accuracy and accuracy.classes:
        found.append(_by_label(accuracy))
    if report and report.checks:
        rows = tuple((check.name, check.result, check.detail) for check in report.checks)
        tensorflow = f" (TensorFlow {report.tensorflow})" if report.tensorflow else ""
        caption = f"Checks of the last smoke run{tensorflow}"
        found.append(Table(caption, ("Check", "Result", "Detail"), rows, text_columns=3))
    if report and (report.inputs or report.outputs):
        kinds = (("input", report.inputs), ("output", report.outputs))
        tensors = tuple((k, t.name, t.dtype, shape(t.shape)) for k, all_of in kinds for t in all_of)
        head = ("", "Name", "Type", "Shape")
        found.append(Table("Inputs and outputs", head, tensors, text_columns=4))
    return tuple(found)


def _by_label(accuracy: Accuracy) -> Table:
    rows = tuple(
        (one.label, units.percent(one.ap), units.percent(one.ap_50), f"{one.boxes:,}")
        for one in accuracy.classes
    )
    return Table("Average precision by label", ("Label", "AP@[.5:.95]", "AP@0.5", "Boxes"), rows)


def shape(sizes: Shape) -> str:
    """`[1, ?, ?, 3]`; `any` if not even the rank is known."""
    if sizes is None:
        return "any"
    return f"[{', '.join('?' if size is None else str(size) for size in sizes)}]"


def _digests(result: Result, report: Report | None) -> tuple[Fact, ...]:
    found = []
    if result.archive_sha256:
        found.append(Fact("Archive (sha256)", result.archive_sha256, code=True))
    if result.tree:
        found.append(Fact("Extracted tree", result.tree, code=True))
    if report and report.checkpoint:
        numbers = _millions(report.checkpoint.parameters)
        found.append(Fact("Checkpoint", f"{report.checkpoint.tensors:,} tensors, {numbers}"))
    return tuple(found)


def _millions(parameters: int) -> str:
    if parameters < 1_000_000:
        return f"{parameters:,} numbers"
    places = max(0, 2 - int(math.log10(parameters / 1e6)))
    return f"{parameters / 1e6:.{places}f} million numbers"
