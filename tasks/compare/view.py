"""What the template shows: text that is ready to be read, and numbers that are lengths."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from tasks.compare.boxes import Drawn, Frame, Spot

Tone = Literal["good", "bad", "wait", "plain"]
"""How a state is coloured; the word itself always stands there too."""


class State(Struct, frozen=True):
    """A state in a word, and the reason for it."""

    word: str
    tone: Tone
    why: str = ""


class Fact(Struct, frozen=True):
    """A line of a list of facts; `code` is set for digests and paths."""

    name: str
    value: str
    code: bool = False


class Table(Struct, frozen=True):
    """A plain table; all columns but the first `texts` hold figures."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1


class MachineNote(Struct, frozen=True):
    """Where and when figures were measured; `mark` is a letter, "" if there is but one."""

    mark: str
    line: str
    measured: str


class Build(Struct, frozen=True):
    """One network in the summary of the last build."""

    title: str
    anchor: str
    installed: State
    smoke: State
    checks: str


class Cell(Struct, frozen=True):
    """A figure, and what belongs under it in smaller type."""

    value: str
    more: tuple[str, ...] = ()


class Row(Struct, frozen=True):
    """One network in the table of figures; `state` if it was not measured."""

    title: str
    name: str
    anchor: str
    family: str
    mark: str
    state: State | None
    cells: tuple[Cell, ...]
    published: tuple[str, ...]


class Line(Struct, frozen=True):
    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


class Bar(Struct, frozen=True):
    x: float
    y: float
    width: float
    height: float
    kind: str


class Dot(Struct, frozen=True):
    x: float
    y: float
    radius: float
    kind: str


class Words(Struct, frozen=True):
    """Text in a chart; `anchor` is SVG's text-anchor."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    kind: str = "name"


class Chart(Struct, frozen=True):
    """A chart, laid out; `told` is its text for screen readers."""

    name: str
    title: str
    told: str
    width: float
    height: float
    lines: tuple[Line, ...] = ()
    bars: tuple[Bar, ...] = ()
    dots: tuple[Dot, ...] = ()
    words: tuple[Words, ...] = ()


class Truth(Struct, frozen=True):
    """An annotated object on a picture."""

    label: int
    frame: Frame
    spot: Spot


class NetworkOnPicture(Struct, frozen=True):
    """What one network found on a picture: its caption (`told`) and the same for screen readers
    (`heard`). `boxes` is None if it was not run, and `why` says why."""

    network: int
    title: str
    why: str = ""
    boxes: tuple[Drawn, ...] | None = None
    told: str = ""
    heard: str = ""


class Picture(Struct, frozen=True):
    """A picture and all networks on it.

    Attributes:
        size: of the drawing, in its own units.
        image: a data: address; "" if the picture can't be shown, and `missing` says why.
        marks: how many objects are annotated, in words.
        judged: network → how many annotated objects it could have found.
    """

    number: int
    name: str
    size: tuple[int, int]
    image: str
    missing: str
    marks: str
    truth: tuple[Truth, ...]
    seen: tuple[NetworkOnPicture, ...]
    judged: tuple[int, ...] = ()


class Label(Struct, frozen=True):
    """A label of the page: as printed on pictures, its plate's text width, its colour's number."""

    text: str
    width: float
    colour: int


class Gallery(Struct, frozen=True):
    """The pictures; `told` says how many of how many they are."""

    pictures: tuple[Picture, ...]
    labels: tuple[Label, ...]
    totals: tuple[Fact, ...]
    told: tuple[str, ...]
    any_truth: bool


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


class Page(Struct, frozen=True, kw_only=True):
    """The whole page; `judge` is what computed the mAP, with its version."""

    project: str
    lead: str
    notices: tuple[str, ...]
    machines: tuple[MachineNote, ...]
    builds: tuple[Build, ...]
    rows: tuple[Row, ...]
    charts: tuple[Chart, ...]
    gallery: Gallery
    cards: tuple[Card, ...]
    judge: str
    left_out: tuple[Fact, ...]
    remarks: tuple[str, ...]
    unreadable: tuple[str, ...]
    tree: tuple[str, ...]
    data: dict[str, object]
