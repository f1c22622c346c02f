"""The page about a project's pictures, put together; tasks.pages.shell makes one file of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from tasks.checks.finding import Finding
from tasks.core.paths import SPLITS
from tasks.core.text import printable
from tasks.look.charts import charts
from tasks.look.dataset import MOST_COMPARED, Dataset, sizes
from tasks.look.fit import NetworkFit, fits
from tasks.look.gallery import Gallery, gallery
from tasks.pages import shell, units
from tasks.pages.charts import Chart
from tasks.pages.facts import State, Table, Tone
from tasks.pipeline.job import ProjectJob

TEMPLATES = Path(__file__).parent / "templates"
SECTIONS = (
    ("labels", "Labels and boxes"),
    ("networks", "Networks"),
    ("doctor", "Doctor"),
    ("pictures", "Pictures"),
)
TONES: dict[str, Tone] = {"ok": "good", "warning": "wait", "error": "bad"}
MOST_SIZES = 12  # of pictures, that the table has
MOST_DETAILS = 50  # of a row of the doctor's


class Row(Struct, frozen=True):
    """A row of the doctor's."""

    state: State
    subject: str
    result: str
    details: tuple[str, ...]
    todo: str


class Page(Struct, frozen=True, kw_only=True):
    """The whole page: text that is ready to be read, and numbers that are lengths."""

    project: str
    sections: tuple[tuple[str, str], ...]
    lead: str
    charts: Sequence[Chart]
    labels: Table
    sizes: Table
    overlaps: str
    networks: Sequence[NetworkFit]
    rows: Sequence[Row]
    gallery: Gallery


def page_of(job: ProjectJob, dataset: Dataset) -> Page:
    return Page(
        project=printable(job.name),
        sections=SECTIONS,
        lead=lead(dataset),
        charts=charts(dataset),
        labels=_labels(dataset),
        sizes=_sizes(dataset),
        overlaps=_overlaps(dataset),
        networks=fits(job, dataset.confirmed),
        rows=[_row(one) for one in dataset.findings],
        gallery=gallery(dataset),
    )


def lead(dataset: Dataset) -> str:
    """`50 pictures with 120 boxes of 2 labels.`"""
    boxes = list(dataset.boxes())
    pictures = units.count(len(dataset.pictures), "picture")
    labels = units.count(len({box.label for box in boxes}), "label")
    return f"{pictures} with {units.count(len(boxes), 'box', 'boxes')} of {labels}."


def _labels(dataset: Dataset) -> Table:
    counts, on = dataset.labels(), dataset.pictures_of_labels()
    names = sorted({name for name, _ in counts})
    rows = [
        (printable(name), *(f"{counts[name, split]:,}" for split in SPLITS), f"{on[name]:,}")
        for name in names
    ]
    head = ("Label", "Boxes to train", "Boxes to test with", "Pictures")
    return Table("Boxes of each label", head, tuple(rows))


def _sizes(dataset: Dataset) -> Table:
    found = sizes(dataset.pictures)
    rows = [(f"{w:,} × {h:,}", f"{number:,}") for (w, h), number in found[:MOST_SIZES]]
    if len(found) > MOST_SIZES:
        rest = sum(number for _, number in found[MOST_SIZES:])
        rows.append((f"{len(found) - MOST_SIZES:,} other sizes", f"{rest:,}"))
    return Table("Sizes of the pictures", ("Pixels", "Pictures"), tuple(rows))


def _overlaps(dataset: Dataset) -> str:
    pairs = sum(one.overlapping for one in dataset.confirmed)
    on = units.count(sum(one.overlapping > 0 for one in dataset.confirmed), "picture")
    if not pairs:
        return "No two boxes of a picture overlap by half."
    told = f"{units.count(pairs, 'pair')} of boxes overlap by half or more, on {on}"
    if any(len(one.boxes) > MOST_COMPARED for one in dataset.confirmed):
        told += f", among the first {MOST_COMPARED} boxes of each"
    return f"{told}."


def _row(one: Finding) -> Row:
    details = tuple(one.details[:MOST_DETAILS])
    if more := len(one.details) - len(details):
        details += (f"and {more:,} more",)
    return Row(State(one.kind, TONES[one.kind]), one.subject, one.result, details, one.todo)


def render(page: Page) -> bytes:
    """The file's content."""
    return shell.render(TEMPLATES, "data.html.jinja", "data.js", {}, {"page": page})
