"""The whole page from its inputs."""

from __future__ import annotations

from tasks.compare import words
from tasks.compare.cards import cards
from tasks.compare.charts import charts
from tasks.compare.figures import builds, left_out, machines, rows
from tasks.compare.gallery import data, gallery
from tasks.compare.inputs import PageInputs
from tasks.compare.view import MachineNote, Page
from tasks.inference.results import Comparison

REMARKS = 50
"""Lines of remarks that the page holds."""


def assemble(inputs: PageInputs) -> Page:
    comparison = inputs.comparison
    notes = machines(inputs)
    shown = gallery(inputs)
    # All networks are scored in one run, so by one version.
    versions = (one.accuracy.pycocotools for one in comparison.results if one.accuracy)
    return Page(
        project=comparison.project,
        lead=lead(comparison, notes),
        notices=notices(comparison),
        machines=notes,
        builds=builds(inputs),
        rows=rows(inputs, notes),
        charts=charts(inputs),
        gallery=shown,
        cards=cards(inputs),
        judge=f"pycocotools {next(versions, '')}".strip(),
        left_out=left_out(inputs),
        remarks=_some(comparison.remarks),
        unreadable=_some(comparison.unreadable),
        tree=inputs.tree,
        data=data(inputs, shown),
    )


def lead(comparison: Comparison, notes: tuple[MachineNote, ...]) -> str:
    """`2 networks on 50 pictures, 48 of them annotated.`"""
    results = comparison.results
    networks = words.count(len(results), "network")
    if not notes:
        return f"{networks}; none could be measured."
    measured = sum(one.status == "measured" for one in results)
    some = networks if measured == len(results) else f"{measured} of {networks}"
    on = words.count(comparison.pictures, "drawn scene" if comparison.drawn else "picture")
    if comparison.annotated == comparison.pictures:
        return f"{some} on {on}, all annotated."
    return f"{some} on {on}, {comparison.annotated or 'none'} of them annotated."


def notices(comparison: Comparison) -> tuple[str, ...]:
    """What a reader must know before the figures."""
    found = []
    if comparison.drawn:
        found.append(
            f"{comparison.project} has no test pictures yet: drawn scenes stand in for them. Put "
            f"your own into {comparison.project}/images/test and run doit again."
        )
    found += _absent(comparison)
    if comparison.unreadable:
        unread = words.count(len(comparison.unreadable), "picture")
        was = "was" if len(comparison.unreadable) == 1 else "were"
        found.append(f"{unread} could not be read and {was} not given to any network.")
    return tuple(found)


def _absent(comparison: Comparison) -> list[str]:
    """`1 network could not be run and 2 networks are not here yet; the others are complete.`"""
    states = [result.status for result in comparison.results]
    failed, deferred = states.count("failed"), states.count("deferred")
    parts = []
    if failed:
        parts.append(f"{words.count(failed, 'network')} could not be run")
    if deferred:
        is_or_are = "is" if deferred == 1 else "are"
        parts.append(f"{words.count(deferred, 'network')} {is_or_are} not here yet")
    measured = len(states) - failed - deferred
    others = "the other is complete" if measured == 1 else "the others are complete"
    rest = f"; {others}" if measured else ""
    return [f"{' and '.join(parts)}{rest}."] if parts else []


def _some(lines: tuple[str, ...]) -> tuple[str, ...]:
    more = len(lines) - REMARKS
    rest = (f"and {more:,} more; all of them: comparison.json",) if more > 0 else ()
    return (*lines[:REMARKS], *rest)
