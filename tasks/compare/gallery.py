"""The pictures of the page, what each network found on them, and what the script needs of that."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from tasks.compare.inputs import PageInputs, known_labels
from tasks.compare.matching import tally, verdicts
from tasks.compare.summary import THRESHOLDS, sure_ones
from tasks.inference.results import PictureDetections, Result
from tasks.pages import units
from tasks.pages.boxes import (
    SURE,
    AnnotatedBox,
    DetectedBox,
    Label,
    annotated_boxes,
    behind,
    detected_boxes,
    drawing_size,
    plate_text,
    printed,
)
from tasks.pages.facts import Fact
from tasks.pages.thumbnails import Thumbnail

MOST_ABSENT = 3
"""Networks without boxes that are named above the pictures."""


class NetworkOnPicture(Struct, frozen=True):
    """What one network found on a picture.

    Attributes:
        number: of the network.
        boxes: None if it was not run, and `why` says why.
        caption: how many boxes there are, and how many are right.
        description: the boxes in words, for screen readers.
        f1: as it is shown; "" where the page does not order pictures by it.
    """

    number: int
    title: str
    why: str = ""
    f1: str = ""
    boxes: tuple[DetectedBox, ...] | None = None
    caption: str = ""
    description: str = ""


class Picture(Struct, frozen=True, kw_only=True):
    """A picture and all networks on it.

    Attributes:
        size: of the drawing, in its own units.
        image: a data: address; "" if the picture can't be shown, and `missing` says why.
        annotated: how many objects are annotated, in words.
        expected: for each network the number of annotated objects that it should find; -1 if it is
            not judged here.
    """

    number: int
    name: str
    size: tuple[int, int]
    image: str
    missing: str
    annotated: str
    truth: tuple[AnnotatedBox, ...]
    networks: tuple[NetworkOnPicture, ...]
    expected: tuple[int, ...]


class Order(Struct, frozen=True):
    """An order of the pictures: by a network's F1. `is_first` if the page begins with it."""

    network: str
    title: str
    is_first: bool


class Gallery(Struct, frozen=True, kw_only=True):
    """The pictures; `introduction` says how many of how many they are, `totals` how many objects
    each network found on all of them. They can be put into these `orders`, and into the set's."""

    pictures: tuple[Picture, ...]
    labels: tuple[Label, ...]
    totals: tuple[Fact, ...]
    introduction: tuple[str, ...]
    has_annotations: bool
    orders: tuple[Order, ...]


def gallery(inputs: PageInputs) -> Gallery:
    known = known_labels(inputs.comparison.results)
    return Gallery(
        pictures=tuple(
            _picture(inputs, number, picture, thumbnail, known)
            for number, (picture, thumbnail) in enumerate(inputs.pictures)
        ),
        labels=printed(inputs.summary.labels),
        totals=tuple(
            Fact(inputs.title(one.network), _total(inputs, one))
            for one in inputs.comparison.results
        ),
        introduction=_introduction(inputs),
        has_annotations=any(picture.truth for picture, _ in inputs.pictures),
        orders=orders(inputs),
    )


def orders(inputs: PageInputs) -> tuple[Order, ...]:
    """The networks after and before each training, where they are judged; none if the page is in
    the order of the set."""
    if inputs.worst_of is None:
        return ()
    named = dict[str, str]()
    for one in inputs.trainings:
        which = f"{inputs.title(one.parent)} " if len(inputs.trainings) > 1 else ""
        named |= {one.export: f"{which}after training", one.parent: f"{which}before training"}
    return tuple(
        Order(network, f"worst first, {when}", network == inputs.worst_of)
        for network, when in named.items()
        if network in inputs.summary.confusion
    )


def _introduction(inputs: PageInputs) -> tuple[str, ...]:
    """How many pictures of how many are shown, and which networks are not on them."""
    absent = [one for one in inputs.comparison.results if one.status != "measured"]
    why = [f"{inputs.title(one.network)} is not on them; it {_became(one)}" for one in absent]
    if len(absent) > MOST_ABSENT:
        why = [f"{len(absent)} networks are not on them; the table of figures says why."]
    kind = "drawn scene" if inputs.comparison.drawn else "picture"
    worst_of = inputs.title(inputs.worst_of) if inputs.worst_of else ""
    number = len(inputs.pictures), len(inputs.summary.pictures)
    return (_how_many(*number, kind, worst_of), *why)


def _how_many(on_page: int, all_of: int, kind: str, worst_of: str) -> str:
    if not all_of:
        return "There are none."
    if on_page == all_of:
        order = f" The worst come first, by the F1 of {worst_of}." if worst_of else ""
        return f"{units.count(all_of, kind)}, all that the networks were run on.{order}"
    if worst_of:
        return (
            f"{on_page:,} of {units.count(all_of, kind)}, those on which the F1 of {worst_of} is "
            "lowest; the worst come first. The figures cover all pictures."
        )
    return (
        f"{on_page:,} of {units.count(all_of, kind)}: spread over the set, and of each stretch "
        "the one on which networks err or disagree most. The figures cover all pictures."
    )


def _became(result: Result) -> str:
    """`is deferred: no route to the host.`"""
    verb = "failed" if result.status == "failed" else "is deferred"
    sentence = units.joined((verb, result.why), ": ")
    return sentence if sentence.endswith(("?", "!", ".")) else f"{sentence}."


def _total(inputs: PageInputs, result: Result) -> str:
    """How many detections there are on all pictures, at the threshold that the page opens with."""
    if result.status != "measured":
        return result.status
    by_label = inputs.summary.counts.get(result.network, {})
    return f"{sum(row[THRESHOLDS.index(SURE)] for row in by_label.values()):,}"


def _picture(
    inputs: PageInputs,
    number: int,
    picture: PictureDetections,
    thumbnail: Thumbnail,
    known: dict[str, frozenset[str]],
) -> Picture:
    size = drawing_size(picture.size if min(picture.size) > 0 else thumbnail.size)
    results, truth = inputs.comparison.results, picture.truth
    return Picture(
        number=number,
        name=picture.name,
        size=size,
        image=thumbnail.address,
        missing=thumbnail.missing,
        annotated="not annotated" if truth is None else f"{len(truth)} annotated",
        truth=annotated_boxes(truth or (), inputs.summary.labels, size),
        networks=tuple(
            _network_on(picture, inputs, place, size, known.get(result.network))
            for place, result in enumerate(results)
            if result.status == "measured"
        ),
        expected=tuple(_expected(picture, known.get(result.network)) for result in results),
    )


def _expected(picture: PictureDetections, known: Collection[str] | None) -> int:
    """How many annotated objects a network should find; -1 if it is not judged on this picture."""
    if picture.truth is None or known is None:
        return -1
    return sum(mark.label in known for mark in picture.truth)


def _network_on(
    picture: PictureDetections,
    inputs: PageInputs,
    place: int,
    size: tuple[int, int],
    known: Collection[str] | None,
) -> NetworkOnPicture:
    network = inputs.comparison.results[place].network
    title, found = inputs.title(network), picture.found.get(network)
    if found is None:
        return NetworkOnPicture(place, title, why="it could not be run on this picture")
    right = verdicts(found, picture.truth if known else None, known or ())
    boxes = detected_boxes(found, right, inputs.summary.labels, size)
    sure = [box for box in boxes if box.percent >= SURE]
    labels = list(inputs.summary.labels)
    described = (plate_text(labels[one.label]) + behind(one.percent, None) for one in sure)
    return NetworkOnPicture(
        place,
        title,
        f1=_f1(picture, network, inputs, known),
        boxes=boxes,
        caption=_caption(sure, _expected(picture, known)),
        description=", ".join(described) or "no boxes",
    )


def _f1(
    picture: PictureDetections, network: str, inputs: PageInputs, known: Collection[str] | None
) -> str:
    """`F1 0.67`; "" for a network by which the pictures can't be ordered, or is not judged here."""
    is_ordered = inputs.worst_of is not None and network in inputs.summary.confusion
    if known is None or picture.truth is None or not is_ordered:
        return ""
    return f"F1 {tally(sure_ones(picture.found[network]), picture.truth, known).f1:.2f}"


def _caption(boxes: Sequence[DetectedBox], expected: int) -> str:
    """`3 found: 1 right, 1 wrong, 1 not judged, 1 missed`. The script says the same at other
    thresholds."""
    found = f"{len(boxes)} found"
    if expected < 0:
        return found
    verdicts = [box.right for box in boxes]
    right, wrong, rest = map(verdicts.count, (True, False, None))
    unjudged = f", {rest} not judged" if rest else ""
    return f"{found}: {right} right, {wrong} wrong{unjudged}, {expected - right} missed"


def data(inputs: PageInputs, gallery: Gallery) -> dict[str, object]:
    """What the script redraws from: numbers, and the labels as they are printed."""
    return {
        "labels": [[label.text, label.width, label.colour] for label in gallery.labels],
        "counts": [_counts(inputs, one.network) for one in inputs.comparison.results],
        "pictures": [
            {
                "expected": picture.expected,
                "boxes": {one.number: _numbers(one.boxes) for one in picture.networks},
                **_places(inputs, gallery.orders, picture.name),
            }
            for picture in gallery.pictures
        ],
    }


def _places(inputs: PageInputs, all_orders: Sequence[Order], name: str) -> dict[str, object]:
    """Where a picture stands: in the set, and by the F1 of each order's network, where it is judged
    by that; {} if there is but one order."""
    if not all_orders:
        return {}
    pictures = inputs.summary.pictures
    place = next(place for place, one in enumerate(pictures) if one.name == name)
    return {"place": place, "f1": [pictures[place].f1.get(one.network) for one in all_orders]}


def _counts(inputs: PageInputs, network: str) -> dict[str, tuple[int, ...]] | None:
    """label's number → detections on all pictures that reach each threshold."""
    by_label = inputs.summary.counts.get(network)
    if by_label is None:
        return None
    return {str(inputs.summary.labels[label]): row for label, row in by_label.items()}


def _numbers(boxes: Sequence[DetectedBox] | None) -> list[list[float]] | None:
    """label, percent, x, y, width, height, the plate's x, y and code, and 1 for right, 0 for wrong,
    -1 for not judged."""
    if boxes is None:
        return None
    return [
        [
            *(box.label, box.percent),
            *(box.frame.x, box.frame.y, box.frame.width, box.frame.height),
            *(box.position.x, box.position.y, box.position.code),
            -1 if box.right is None else int(box.right),
        ]
        for box in boxes
    ]
