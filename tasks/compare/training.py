"""A training on the page: how it went, and the network after it against the one before."""

from __future__ import annotations

from msgspec import Struct

from tasks.compare.curves import curves, history
from tasks.compare.inputs import PageInputs, Training
from tasks.compare.matching import Matrix, matrix
from tasks.inference.results import Accuracy, ClassAccuracy, Result
from tasks.pages import units
from tasks.pages.charts import Chart
from tasks.pages.facts import Fact, Table
from tasks.training.receipt import TrainReceipt


class TrainingReport(Struct, frozen=True, kw_only=True):
    """One training on the page.

    Attributes:
        title: of the network that came of it; `anchor` is the id of this part of the page.
        history: the table behind the charts; None if there is none.
        comparison: before and after, in tables.
        matrices: after, and before.
    """

    title: str
    anchor: str
    facts: tuple[Fact, ...]
    charts: tuple[Chart, ...]
    history: Table | None
    comparison: tuple[Table, ...]
    matrices: tuple[Matrix, ...]


def reports(inputs: PageInputs) -> tuple[TrainingReport, ...]:
    """One of each training, in the order of the networks."""
    return tuple(_report(inputs, one, number) for number, one in enumerate(inputs.trainings, 1))


def _report(inputs: PageInputs, training: Training, number: int) -> TrainingReport:
    results = {one.network: one for one in inputs.comparison.results}
    before, after = results.get(training.parent), results.get(training.export)
    best = training.receipt.best_step if training.receipt else None
    return TrainingReport(
        title=inputs.title(training.export),
        anchor=f"training-{number}",
        facts=(
            Fact("Before", inputs.title(training.parent)),
            *(_facts(training.receipt) if training.receipt else ()),
            *_without_map(before, after),
        ),
        charts=curves(training.rows, best),
        history=history(training.rows, best) if training.rows else None,
        comparison=comparison(before, after) if before and after else (),
        matrices=_matrices(inputs, training),
    )


def _facts(receipt: TrainReceipt) -> tuple[Fact, ...]:
    learned = units.count(receipt.trained, "picture")
    held_out = units.count(receipt.held_out, "picture")
    done = f"{receipt.steps:,}"
    if receipt.ended == "patience":
        done += f" of {receipt.asked:,}: nothing better came, so it was ended"
    found = [
        Fact("Steps", f"{done}; the weights of step {receipt.best_step:,} were kept"),
        Fact("Pictures", f"learned from {learned}, measured on {held_out} held out"),
    ]
    if receipt.map >= 0:
        both = f"{units.percent(receipt.map)} (at IoU 0.5: {units.percent(receipt.map_50)})"
        found.append(Fact("mAP on the pictures held out", f"{both} at step {receipt.best_step:,}"))
    return tuple(found)


def _without_map(before: Result | None, after: Result | None) -> list[Fact]:
    """Why there is no mAP of the network before its training, or after it, where there is none."""
    found = []
    for when, result in (("before", before), ("after", after)):
        if result and (why := result.why or result.unscored):
            found.append(Fact(f"mAP {when}", f"none: {why}"))
    return found


def comparison(before: Result, after: Result) -> tuple[Table, ...]:
    """The figures of two networks side by side, and their average precision by label."""
    strict, loose = zip(_means(before.accuracy), _means(after.accuracy), strict=True)
    found = before.found, after.found
    rows = [
        ("mAP@[.5:.95]", *_precision(*strict)),
        ("mAP@0.5", *_precision(*loose)),
        ("Found", *map(_whole, found), units.difference(*found, _whole)),
    ]
    if before.figures and after.figures:
        took = before.figures.latency.median, after.figures.latency.median
        change = units.difference(*took, units.seconds)
        rows.append(("Latency (median)", *map(units.seconds, took), change))
    figures = Table("Before and after", ("Figure", "Before", "After", "Difference"), tuple(rows))
    by_label = _by_label(before.accuracy, after.accuracy)
    return (figures, by_label) if by_label.rows else (figures,)


def _whole(number: float) -> str:
    return f"{number:,.0f}"


Part = float | None
"""A share; None where it is not known."""


def _means(accuracy: Accuracy | None) -> tuple[Part, Part]:
    return (accuracy.map, accuracy.map_50) if accuracy else (None, None)


def _precision(before: Part, after: Part) -> tuple[str, str, str]:
    change = units.UNKNOWN
    if before is not None and after is not None:
        change = units.difference(before, after, units.points)
    return units.percent(before), units.percent(after), change


def _by_label(before: Accuracy | None, after: Accuracy | None) -> Table:
    """A line for each label that one of the two knows."""
    old, new = ({c.label: c for c in one.classes} if one else {} for one in (before, after))
    rows = tuple(
        _label_row(label, old.get(label), new.get(label)) for label in dict.fromkeys((*new, *old))
    )
    times = ("before", "after", "difference")
    strict, loose = ([f"{name} {when}" for when in times] for name in ("AP@[.5:.95]", "AP@0.5"))
    return Table("Average precision by label", ("Label", *strict, *loose, "Boxes"), rows)


def _label_row(
    label: str, before: ClassAccuracy | None, after: ClassAccuracy | None
) -> tuple[str, ...]:
    old, new = ((one.ap, one.ap_50) if one else (None, None) for one in (before, after))
    strict, loose = (_precision(*pair) for pair in zip(old, new, strict=True))
    boxes = next(one.boxes for one in (after, before) if one)
    return (label, *strict, *loose, f"{boxes:,}")


def _matrices(inputs: PageInputs, training: Training) -> tuple[Matrix, ...]:
    """After the training, and before it: of those that are judged."""
    counted, ordered = inputs.summary.confusion, list(inputs.summary.labels)
    names = ((training.export, "After"), (training.parent, "Before"))
    return tuple(matrix(when, counted[name], ordered) for name, when in names if counted.get(name))
