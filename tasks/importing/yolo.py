"""YOLO: beside each picture, or under `labels/` as the picture under `images/`, a `.txt` with a
line for each box: the number of its label, and the box as fractions of the picture's sides, centre
and size. Which label a number stands for is told by `classes.txt`, `obj.names` or `data.yaml`.

A line of five numbers is a box; of six, one with a score; of seven and more, the corners of a
polygon. Where `data.yaml` has `kpt_shape`, keypoints follow the box.

Sources: labelImg, libs/yolo_io.py; ultralytics, data/utils.py (verify_image_label), which also
says that the fractions are those of the upright picture (exif_size).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from tasks.annotations.folder import CLASSES
from tasks.annotations.voc import LARGEST, MOST_BOXES, Box, number
from tasks.core.errors import UsageError
from tasks.core.text import count, shortened
from tasks.importing.source import COMMAND, Source
from tasks.importing.text import LARGEST_LIST, text_of, yaml_of
from tasks.importing.types import (
    BOX_AROUND,
    ForeignPicture,
    Report,
    edges_of,
    label_of,
    place,
    unread,
)

LARGEST_FRACTION = 2  # what is beyond it was not meant as a fraction
NO_LABELS = "nothing says which label a number stands for"
ADD_LABELS = "put a classes.txt there, with a label a line in the order of the numbers"
MEND_LABELS = "mend it, or put a classes.txt in its place"


class Labels(Struct, frozen=True):
    """The labels in the order of their numbers, and whether keypoints follow the boxes."""

    path: Path
    names: tuple[str, ...]
    has_keypoints: bool = False


def read(source: Source, files: Sequence[Path], report: Report) -> Iterator[ForeignPicture]:
    """The pictures that these `.txt` files annotate.

    Raises:
        UsageError: nothing says which label a number stands for, or what does can't be read.
    """
    lists = label_lists(source, report)
    if not lists and report.faults:
        raise UsageError(COMMAND, f"{report.faults[0]}; {NO_LABELS} else", MEND_LABELS)
    if not lists:
        raise UsageError(COMMAND, NO_LABELS, ADD_LABELS)
    for path in files:
        shown, picture = source.shown(path), None
        try:
            picture = source.of_stem(path.stem, path)
            if picture is None:
                raise ValueError("there is no picture of its name")
            labels, text = _labels_for(path, lists, source), text_of(path, LARGEST)
        except ValueError as error:
            yield from unread(picture, shown, error, report)
            continue
        yield _picture(picture, shown, text, labels, source, report)


def _picture(
    path: Path, shown: str, text: str, labels: Labels, source: Source, report: Report
) -> ForeignPicture:
    boxes, faults = list[Box](), list[str]()
    for at, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            if len(boxes) == MOST_BOXES:
                raise ValueError(f"it has more than {MOST_BOXES} boxes")
            boxes.append(_box(line.split(), labels, report))
        except ValueError as error:
            faults.append(f"{place(shown, at)}: {error}")
            if len(boxes) == MOST_BOXES:
                break
    return ForeignPicture(
        path=path,
        where=shown,
        boxes=tuple(boxes),
        in_fractions=True,
        split=source.split_of(path),
        faults=tuple(faults),
    )


def _box(words: Sequence[str], labels: Labels, report: Report) -> Box:
    label = label_of(_name(words[0], labels))
    values = [_fraction(word) for word in words[1:]]
    if len(values) < 4:
        raise ValueError(
            f"expected a label's number and four fractions; found {count(len(words), 'word')}"
        )
    if labels.has_keypoints or len(values) in (4, 5):
        if len(values) > 4:
            what = "keypoint annotation" if labels.has_keypoints else "score"
            report.remark(what, "only the box is taken" if labels.has_keypoints else "left out")
        x, y, width, height = values[:4]
        return Box(label, *edges_of(x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    if len(values) % 2:
        raise ValueError(f"expected pairs of fractions; found {len(values)} of them")
    report.remark("polygon", BOX_AROUND)
    xs, ys = values[::2], values[1::2]
    return Box(label, *edges_of(min(xs), min(ys), max(xs), max(ys)))


def _fraction(word: str) -> float:
    try:
        value = number(word)
    except ValueError as error:
        raise ValueError(f"a number is {error}") from None
    if abs(value) > LARGEST_FRACTION:
        raise ValueError(f"expected fractions of the picture's sides; found {shortened(word)}")
    return value


def _name(word: str, labels: Labels) -> str:
    try:
        value = number(word)
    except ValueError as error:
        raise ValueError(f"the label's number is {error}") from None
    if value < 0 or value % 1 or value >= len(labels.names):
        has = f"{labels.path.name} has {count(len(labels.names), 'label')}, from 0 on"
        raise ValueError(f"there is no label {shortened(word)}: {has}")
    return labels.names[int(value)]


def label_lists(source: Source, report: Report) -> dict[Path, Labels]:
    """folder → the labels that are told there.

    Raises:
        UsageError: two files in one folder tell different ones.
    """
    found = dict[Path, Labels]()
    for path in source.files:
        try:
            labels = _labels_in(path)
        except ValueError as error:
            report.fault(source.shown(path), error)
            continue
        other = found.get(path.parent, labels)
        if labels is None or other is None:
            continue
        if other.names != labels.names:
            both = f"{source.shown(other.path)} and {source.shown(path)} tell different labels"
            raise UsageError(COMMAND, both, "take the wrong one away")
        found[path.parent] = labels if labels.has_keypoints else other
    return found


def _labels_in(path: Path) -> Labels | None:
    """The labels that a file tells, if it is one that does."""
    name = path.name.lower()
    if name in CLASSES or path.suffix.lower() == ".names":
        lines = text_of(path, LARGEST_LIST).rstrip().split("\n")
        names = tuple(line.strip() for line in lines)
        return Labels(path, names) if any(names) else None
    if path.suffix.lower() not in (".yaml", ".yml") or "names" not in text_of(path):
        return None
    content = yaml_of(path)
    told = content.get("names") if isinstance(content, dict) else None
    if not told:
        return None
    return Labels(path, _names(told), "kpt_shape" in content)


def _names(told: object) -> tuple[str, ...]:
    """A list, or a table of numbers and labels; a number that is missing has no label."""
    if isinstance(told, list) and all(isinstance(name, str) for name in told):
        return tuple(told)
    if isinstance(told, dict) and all(isinstance(name, str) for name in told.values()):
        numbers = {key: int(key) for key in told if isinstance(key, str) and key.isdecimal()}
        most = max(numbers.values(), default=-1)
        if len(numbers) == len(told) and most <= len(told) + MOST_BOXES:
            by_number = {numbers[key]: name for key, name in told.items()}
            return tuple(by_number.get(place, "") for place in range(most + 1))
    raise ValueError("expected `names` to be a list of labels, or a table of numbers and labels")


def _labels_for(path: Path, lists: dict[Path, Labels], source: Source) -> Labels:
    """Those of the nearest folder above; elsewhere, if all others agree."""
    for folder in path.parents:
        if folder in lists:
            return lists[folder]
        if folder in source.roots:
            break
    distinct = {labels.names: labels for labels in lists.values()}
    if len(distinct) > 1:
        first, second = (source.shown(labels.path) for labels in list(distinct.values())[:2])
        raise ValueError(f"its labels may be those of {first} or of {second}")
    return next(iter(distinct.values()))
