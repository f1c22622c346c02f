"""The pictures of the page, what each network found on them, and what the script needs of that."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from tasks.compare.inputs import PageInputs, known_labels
from tasks.compare.matching import verdicts
from tasks.compare.summary import THRESHOLDS
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
    """

    number: int
    title: str
    why: str = ""
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


class Gallery(Struct, frozen=True, kw_only=True):
    """The pictures; `introduction` says how many of how many they are, `totals` how many objects
    each network found on all of them."""

    pictures: tuple[Picture, ...]
    labels: tuple[Label, ...]
    totals: tuple[Fact, ...]
    introduction: tuple[str, ...]
    has_annotations: bool


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
    )


def _introduction(inputs: PageInputs) -> tuple[str, ...]:
    """How many pictures of how many are shown, and which networks are not on them."""
    absent = [one for one in inputs.comparison.results if one.status != "measured"]
    why = [f"{inputs.title(one.network)} is not on them; it {_became(one)}" for one in absent]
    if len(absent) > MOST_ABSENT:
        why = [f"{len(absent)} networks are not on them; the table of figures says why."]
    kind = "drawn scene" if inputs.comparison.drawn else "picture"
    return (_how_many(len(inputs.pictures), len(inputs.summary.pictures), kind), *why)


def _how_many(on_page: int, all_of: int, kind: str) -> str:
    if not all_of:
        return "There are none."
    if on_page == all_of:
        return f"{units.count(all_of, kind)}, all that the networks were run on."
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
    return NetworkOnPicture(
        place,
        title,
        boxes=boxes,
        caption=_caption(sure, _expected(picture, known)),
        description=_description(sure, labels),
    )


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


def _description(boxes: Sequence[DetectedBox], labels: Sequence[str]) -> str:
    """The boxes in words, for screen readers."""
    listed = [plate_text(labels[box.label]) + behind(box.percent, None) for box in boxes]
    return ", ".join(listed) or "no boxes"


def data(inputs: PageInputs, gallery: Gallery) -> dict[str, object]:
    """What the script redraws from: numbers, and the labels as they are printed."""
    return {
        "labels": [[label.text, label.width, label.colour] for label in gallery.labels],
        "counts": [_counts(inputs, one.network) for one in inputs.comparison.results],
        "pictures": [
            {
                "expected": picture.expected,
                "boxes": {one.number: _numbers(one.boxes) for one in picture.networks},
            }
            for picture in gallery.pictures
        ],
    }


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
