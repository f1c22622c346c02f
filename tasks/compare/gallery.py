"""The pictures of the page, what each network saw on them, and what the script needs of that."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tasks.compare import words
from tasks.compare.boxes import (
    LEAST,
    MOST,
    SURE,
    Drawn,
    Labels,
    drawing_size,
    drawn,
    frame_of,
    plate_text,
    plate_width,
    text_width,
    truth_spot,
    verdicts,
)
from tasks.compare.inputs import PageInputs, known_labels
from tasks.compare.survey import THRESHOLDS
from tasks.compare.thumbnails import Thumbnail
from tasks.compare.view import Fact, Gallery, Label, NetworkOnPicture, Picture, Truth
from tasks.inference.results import PictureDetections, Result

MOST_ABSENT = 3
"""Networks without boxes that are named above the pictures."""

COLOURS = 7
"""In page.css, as `.c0` to `.c6`: Okabe's and Ito's, as on the pictures of smoke runs."""


def gallery(inputs: PageInputs) -> Gallery:
    results = inputs.comparison.results
    labels = inputs.survey.labels
    known = known_labels(results)
    return Gallery(
        pictures=tuple(
            _picture(inputs, number, picture, thumbnail, known)
            for number, (picture, thumbnail) in enumerate(inputs.pictures)
        ),
        labels=tuple(
            Label(printed := plate_text(text), text_width(printed), number % COLOURS)
            for text, number in labels.items()
        ),
        totals=tuple(
            Fact(inputs.title(result.network), _total(inputs, result)) for result in results
        ),
        told=introduction(inputs),
        any_truth=any(picture.truth for picture, _ in inputs.pictures),
    )


def introduction(inputs: PageInputs) -> tuple[str, ...]:
    """How many pictures of how many are shown, and which networks are not on them."""
    absent = [one for one in inputs.comparison.results if one.status != "measured"]
    why = [f"{inputs.title(one.network)} is not on them; it {_became(one)}" for one in absent]
    if len(absent) > MOST_ABSENT:
        why = [f"{len(absent)} networks are not on them; the table of figures says why."]
    kind = "drawn scene" if inputs.comparison.drawn else "picture"
    return (_how_many(len(inputs.pictures), len(inputs.survey.pictures), kind), *why)


def _how_many(shown: int, all_of: int, kind: str) -> str:
    if not all_of:
        return "There are none."
    if shown == all_of:
        return f"{words.count(all_of, kind)}, all that the networks were run on."
    return (
        f"{shown:,} of {words.count(all_of, kind)}: spread over the set, and of each stretch "
        "the one on which networks err or disagree most. The figures cover all pictures."
    )


def _total(inputs: PageInputs, result: Result) -> str:
    """How many detections there are on all pictures, at the threshold that the page opens with."""
    if result.status != "measured":
        return result.status
    by_label = inputs.survey.counts.get(result.network, {})
    return f"{sum(row[THRESHOLDS.index(SURE)] for row in by_label.values()):,}"


def _picture(
    inputs: PageInputs,
    number: int,
    picture: PictureDetections,
    thumbnail: Thumbnail,
    known: dict[str, frozenset[str]],
) -> Picture:
    size = drawing_size(picture.size if min(picture.size) > 0 else thumbnail.size)
    results = inputs.comparison.results
    truth = picture.truth
    return Picture(
        number=number,
        name=picture.name,
        size=size,
        image=thumbnail.address,
        missing=thumbnail.missing,
        marks="not annotated" if truth is None else f"{len(truth)} annotated",
        truth=_truth(picture, inputs.survey.labels, size),
        seen=tuple(
            _seen(inputs, place, picture, size, known)
            for place, result in enumerate(results)
            if result.status == "measured"
        ),
        judged=tuple(_judged(picture, known.get(result.network)) for result in results),
    )


def _truth(picture: PictureDetections, labels: Labels, size: tuple[int, int]) -> tuple[Truth, ...]:
    made = []
    for mark in picture.truth or ():
        frame, plate = frame_of(mark.place, size), plate_width(plate_text(mark.label))
        made.append(Truth(labels[mark.label], frame, truth_spot(frame, size, plate)))
    return tuple(made)


def _judged(picture: PictureDetections, known: Collection[str] | None) -> int:
    """How many annotated objects the network could have found; -1 if it is not judged here."""
    if picture.truth is None or known is None:
        return -1
    return sum(mark.label in known for mark in picture.truth)


def _seen(
    inputs: PageInputs,
    place: int,
    picture: PictureDetections,
    size: tuple[int, int],
    known: dict[str, frozenset[str]],
) -> NetworkOnPicture:
    result = inputs.comparison.results[place]
    title = inputs.title(result.network)
    found = picture.found.get(result.network)
    if found is None:
        return NetworkOnPicture(place, title, why="it could not be run on this picture")
    labels = known.get(result.network)
    right = verdicts(found, picture.truth if labels else None, labels or ())
    boxes = drawn(found, right, inputs.survey.labels, size)
    judged = _judged(picture, labels)
    names = list(inputs.survey.labels)
    return NetworkOnPicture(
        place, title, boxes=boxes, told=caption(boxes, judged), heard=spoken(boxes, names)
    )


def _became(result: Result) -> str:
    """`is deferred: no route to the host.`"""
    verb = "failed" if result.status == "failed" else "is deferred"
    sentence = words.joined((verb, result.why), ": ")
    return sentence if sentence.endswith(("?", "!", ".")) else f"{sentence}."


def caption(boxes: Sequence[Drawn], judged: int, threshold: int = SURE) -> str:
    """`3 found: 1 right, 1 wrong, 1 not judged, 1 missed`. The script says the same at other
    thresholds."""
    sure = [box for box in boxes if box.percent >= threshold]
    found = f"{len(sure)} found"
    if judged < 0:
        return found
    right = sum(box.right is True for box in sure)
    wrong = sum(box.right is False for box in sure)
    rest = len(sure) - right - wrong
    unjudged = f", {rest} not judged" if rest else ""
    return f"{found}: {right} right, {wrong} wrong{unjudged}, {judged - right} missed"


def spoken(boxes: Sequence[Drawn], names: Sequence[str], threshold: int = SURE) -> str:
    """The boxes in words, for screen readers."""
    listed = [
        f"{plate_text(names[box.label])} {box.percent / 100:.2f}"
        for box in boxes
        if box.percent >= threshold
    ]
    return ", ".join(listed) or "no boxes"


def data(inputs: PageInputs, shown: Gallery) -> dict[str, object]:
    """What the script redraws from: numbers, and the labels as they are printed."""
    return {
        "least": LEAST,
        "most": MOST,
        "labels": [[label.text, label.width, label.colour] for label in shown.labels],
        "counts": [_counts(inputs, r.network) for r in inputs.comparison.results],
        "pictures": [
            {
                "judged": picture.judged,
                "boxes": {seen.network: _boxes(seen) for seen in picture.seen},
            }
            for picture in shown.pictures
        ],
    }


def _counts(inputs: PageInputs, network: str) -> dict[str, tuple[int, ...]] | None:
    """label's number → detections on all pictures that reach each threshold."""
    by_label = inputs.survey.counts.get(network)
    if by_label is None:
        return None
    return {str(inputs.survey.labels[label]): row for label, row in by_label.items()}


def _boxes(seen: NetworkOnPicture) -> list[list[float]] | None:
    """label, percent, x, y, width, height, the plate's x, y and code, and 1 for right, 0 for wrong,
    -1 for not judged."""
    if seen.boxes is None:
        return None
    return [
        [
            *(box.label, box.percent),
            *(box.frame.x, box.frame.y, box.frame.width, box.frame.height),
            *(box.spot.x, box.spot.y, box.spot.code),
            -1 if box.right is None else int(box.right),
        ]
        for box in seen.boxes
    ]
