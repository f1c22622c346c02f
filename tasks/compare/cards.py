"""A card for each network: all that was measured, found out and published."""

from __future__ import annotations

import math

from tasks.compare import words
from tasks.compare.figures import anchor, measured_on, smoked, state_of
from tasks.compare.inputs import LastBuild, PageInputs
from tasks.compare.view import Card, Fact, Table
from tasks.config.types import Network
from tasks.inference.report import Report, Shape
from tasks.inference.results import Accuracy, Figures, Result


def cards(inputs: PageInputs) -> tuple[Card, ...]:
    results = inputs.comparison.results
    return tuple(_card(inputs, number, result) for number, result in enumerate(results))


def _card(inputs: PageInputs, number: int, result: Result) -> Card:
    network = inputs.networks.get(result.network)
    last = inputs.builds.get(result.network, LastBuild())
    return Card(
        title=inputs.title(result.network),
        name=result.network,
        anchor=anchor(number),
        family=inputs.family(result.network),
        state=state_of(result),
        facts=_facts(network, result, last),
        tables=_tables(result, last.report),
        digests=_digests(result, last.report),
        sources=network.sources if network else (),
        notes=_notes(network),
    )


def _facts(network: Network | None, result: Result, last: LastBuild) -> tuple[Fact, ...]:
    verdict = smoked(last)
    smoke = Fact("Smoke run", words.joined((verdict.word, verdict.why), ": "))
    found = [smoke, *_measured(result.figures), *_accuracy(result)]
    if result.size:
        found.append(Fact("On disk", words.size(result.size)))
    return (*found, *(_published(network) if network else ()))


def _measured(figures: Figures | None) -> tuple[Fact, ...]:
    if figures is None:
        return ()
    latency = figures.latency
    spread = words.span(latency.low, latency.high)
    over = f"{words.count(latency.runs, 'run')} over {words.count(latency.pictures, 'picture')}"
    grown = words.size(figures.grown_memory)
    peak = words.size(figures.peak_memory)
    return (
        Fact("Latency", f"{words.seconds(latency.median)} (10–90 %: {spread}; {over})"),
        Fact("First picture", words.seconds(figures.first)),
        Fact("Load", words.seconds(figures.load)),
        Fact("Memory", f"{peak} at most, of which {grown} came with this network"),
        Fact("Measured", measured_on(figures).removeprefix("measured on ")),
    )


def _accuracy(result: Result) -> tuple[Fact, ...]:
    accuracy = result.accuracy
    if accuracy is None:
        return (Fact("mAP", f"none: {result.unscored}"),) if result.unscored else ()
    over = (
        f"{words.count(accuracy.boxes, 'box', 'boxes')} on "
        f"{words.count(accuracy.pictures, 'annotated picture')}"
    )
    both = f"{words.percent(accuracy.map)} (at IoU 0.5: {words.percent(accuracy.map_50)}; {over})"
    unknown = ", ".join(accuracy.unknown)
    more = (Fact("Labels it does not know", unknown),) if unknown else ()
    return (Fact("mAP@[.5:.95]", both), *more)


def _published(network: Network) -> tuple[Fact, ...]:
    found = []
    if network.speed_ms is not None:
        speed = f"{words.milliseconds(network.speed_ms)}, on hardware that is not named"
        found.append(Fact("Published speed", speed))
    if network.map_boxes is not None:
        found.append(Fact("Published COCO mAP", words.published_percent(network.map_boxes)))
    if network.input_size:
        found.append(Fact("Input size", _input_size(network)))
    if network.licence:
        found.append(Fact("Licence", network.licence))
    return tuple(found)


def _input_size(network: Network) -> str:
    assert network.input_size is not None
    first, second = network.input_size
    if network.resizer == "keep_aspect_ratio":
        return f"shorter side {first}, longer side at most {second} pixels"
    return f"{second} × {first} pixels"


def _notes(network: Network | None) -> tuple[str, ...]:
    if network is None:
        return ("The catalogue does not know this network any more.",)
    training = (
        f"Can't be trained: {network.not_trainable}." if network.not_trainable else "",
        f"Its training needs {network.training_needs}." if network.training_needs else "",
    )
    return tuple(note for note in (*network.notes, *training) if note)


def _tables(result: Result, report: Report | None) -> tuple[Table, ...]:
    found = []
    if result.accuracy and result.accuracy.classes:
        found.append(_by_label(result.accuracy))
    if report and report.checks:
        found.append(_checks(report))
    if report and (report.inputs or report.outputs):
        found.append(_tensors(report))
    return tuple(found)


def _by_label(accuracy: Accuracy) -> Table:
    rows = tuple(
        (one.label, words.percent(one.ap), words.percent(one.ap_50), f"{one.boxes:,}")
        for one in accuracy.classes
    )
    return Table("Average precision by label", ("Label", "AP@[.5:.95]", "AP@0.5", "Boxes"), rows)


def _checks(report: Report) -> Table:
    rows = tuple((check.name, check.result, check.detail) for check in report.checks)
    tensorflow = f" (TensorFlow {report.tensorflow})" if report.tensorflow else ""
    caption = f"Checks of the last smoke run{tensorflow}"
    return Table(caption, ("Check", "Result", "Detail"), rows, texts=3)


def _tensors(report: Report) -> Table:
    kinds = [("input", one) for one in report.inputs] + [("output", one) for one in report.outputs]
    rows = tuple((kind, one.name, one.dtype, shape(one.shape)) for kind, one in kinds)
    return Table("Inputs and outputs", ("", "Name", "Type", "Shape"), rows, texts=4)


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
        content = (
            f"{report.checkpoint.tensors:,} tensors, {_millions(report.checkpoint.parameters)}"
        )
        found.append(Fact("Checkpoint", content))
    return tuple(found)


def _millions(parameters: int) -> str:
    if parameters < 1_000_000:
        return f"{parameters:,} numbers"
    places = max(0, 2 - int(math.log10(parameters / 1e6)))
    return f"{parameters / 1e6:.{places}f} million numbers"
