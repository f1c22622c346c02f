"""The comparison page, put together from its inputs; tasks.pages.shell makes one file of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from tasks.compare.cards import Card, cards
from tasks.compare.charts import charts
from tasks.compare.figures import (
    MEASURED,
    PUBLISHED,
    Build,
    MachineNote,
    Row,
    builds,
    left_out,
    machines,
    rows,
)
from tasks.compare.gallery import Gallery, data, gallery
from tasks.compare.inputs import PageInputs
from tasks.compare.training import TrainingReport, reports
from tasks.inference.results import Comparison
from tasks.pages import shell, units
from tasks.pages.charts import Chart
from tasks.pages.facts import Fact

TEMPLATES = Path(__file__).parent / "templates"
PAGE, SCRIPT = "comparison.html.jinja", "comparison.js"
SECTIONS = (
    ("build", "Last build"),
    ("figures", "Figures"),
    ("pictures", "Pictures"),
    ("networks", "Networks"),
    ("method", "How it was measured"),
    ("workspace", "Workspace"),
)
TRAININGS = ("training", "Training")
"""Stands behind the figures where something was trained."""
REMARKS = 50
"""Lines of remarks that the page holds."""


class Page(Struct, frozen=True, kw_only=True):
    """The whole page: text that is ready to be read, and numbers that are lengths.

    Attributes:
        sections: id and title of each, in order.
        scorer: what computed the mAP, with its version.
        data: what the script reads.
    """

    project: str
    sections: tuple[tuple[str, str], ...]
    lead: str
    notices: tuple[str, ...]
    machines: tuple[MachineNote, ...]
    builds: tuple[Build, ...]
    rows: tuple[Row, ...]
    charts: Sequence[Chart]
    trainings: tuple[TrainingReport, ...]
    gallery: Gallery
    cards: tuple[Card, ...]
    scorer: str
    left_out: tuple[Fact, ...]
    remarks: tuple[str, ...]
    unreadable: tuple[str, ...]
    tree: tuple[str, ...]
    data: dict[str, object]


def page_of(inputs: PageInputs) -> Page:
    comparison, notes, pictures = inputs.comparison, machines(inputs), gallery(inputs)
    # All networks are scored in one run, so by one version.
    versions = (one.accuracy.pycocotools for one in comparison.results if one.accuracy)
    return Page(
        project=comparison.project,
        sections=(*SECTIONS[:2], *([TRAININGS] if inputs.trainings else []), *SECTIONS[2:]),
        lead=lead(comparison),
        notices=notices(comparison),
        machines=notes,
        builds=builds(inputs),
        rows=rows(inputs, notes),
        charts=charts(inputs),
        trainings=reports(inputs),
        gallery=pictures,
        cards=cards(inputs),
        scorer=f"pycocotools {next(versions, '')}".strip(),
        left_out=left_out(inputs),
        remarks=_first(comparison.remarks),
        unreadable=_first(comparison.unreadable),
        tree=inputs.tree,
        data=data(inputs, pictures),
    )


def lead(comparison: Comparison) -> str:
    """`2 networks on 50 pictures, 48 of them annotated.`"""
    results = comparison.results
    networks = units.count(len(results), "network")
    if not any(one.figures for one in results):
        return f"{networks}; none could be measured."
    measured = sum(one.status == "measured" for one in results)
    some = networks if measured == len(results) else f"{measured} of {networks}"
    on = units.count(comparison.pictures, "drawn scene" if comparison.drawn else "picture")
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
        unread = units.count(len(comparison.unreadable), "picture")
        was = "was" if len(comparison.unreadable) == 1 else "were"
        found.append(f"{unread} could not be read and {was} not given to any network.")
    return tuple(found)


def _absent(comparison: Comparison) -> list[str]:
    """`1 network could not be run and 2 networks are not here yet; the others are complete.`"""
    states = [result.status for result in comparison.results]
    failed, deferred = states.count("failed"), states.count("deferred")
    parts = []
    if failed:
        parts.append(f"{units.count(failed, 'network')} could not be run")
    if deferred:
        is_or_are = "is" if deferred == 1 else "are"
        parts.append(f"{units.count(deferred, 'network')} {is_or_are} not here yet")
    measured = len(states) - failed - deferred
    others = "the other is complete" if measured == 1 else "the others are complete"
    rest = f"; {others}" if measured else ""
    return [f"{' and '.join(parts)}{rest}."] if parts else []


def _first(lines: tuple[str, ...]) -> tuple[str, ...]:
    more = len(lines) - REMARKS
    rest = (f"and {more:,} more; all of them: comparison.json",) if more > 0 else ()
    return (*lines[:REMARKS], *rest)


def render(page: Page) -> bytes:
    """The file's content."""
    context = {"page": page, "measured": MEASURED, "published": PUBLISHED}
    return shell.render(TEMPLATES, PAGE, SCRIPT, page.data, context)
