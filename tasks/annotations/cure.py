"""What can be mended of an annotated picture by rule, with nobody asked, and what to do of the
rest. The doctor names the command that does it; `doit mend` does it.

A fault is what `annotated` takes for one. Boxes are mended in the frame of the file, which is not
that of the upright picture if an old labelImg drew them on the picture as stored.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from tasks.annotations.annotated import (
    LEAVES,
    SWAPPED,
    Annotated,
    corners,
    flaw,
    in_frame,
    inside,
    repeated,
    shown,
    shown_size,
    with_known_labels,
)
from tasks.annotations.voc import Annotation, Box, Edges
from tasks.core.spelling import alike, composed, spelled
from tasks.pictures.pixels import Picture, Size

Kind = Literal["clip", "swap", "empty", "twice", "label", "size", "sides"]
Resized = Literal["", "scale", "keep"]
"""What becomes of the boxes of a picture that has another size than they were drawn on, and the
same shape: nothing is done, or they are scaled, or kept as they are."""


class Change(Struct, frozen=True):
    """One thing that is mended, and how it is told."""

    kind: Kind
    told: str


class Cure(Struct, frozen=True):
    """What is to be written into an XML.

    Attributes:
        boxes: one for each object; None removes it.
        size: (width, height) to be written; None if it stays as it is.
        undecided: what to do of a size that differs, as the boxes may be right or not, and are
            left as they are; "" if that is plain.
    """

    boxes: tuple[Box | None, ...]
    size: Size | None = None
    changes: tuple[Change, ...] = ()
    undecided: str = ""


class Rules(Struct, frozen=True):
    """What the user says of what no rule can know.

    Attributes:
        renames: label in NFC → the label that it becomes.
    """

    renames: Mapping[str, str] = {}
    resized: Resized = ""


NO_RULES = Rules()
FEW = 4  # labels that a line names


def cure_of(
    read: Annotated, ids: Mapping[str, int], rules: Rules = NO_RULES, *, is_turned: bool = False
) -> Cure:
    """What to write into the XML of a pair that was read.

    Args:
        ids: the labels of the label map.
        is_turned: the picture will stand upright in its file, so its boxes must be, too.
    """
    if read.annotation is None:
        return Cure(())
    boxes, renamed = _renamed(read.annotation.boxes, rules.renames)
    frame = None
    if read.picture is not None:
        frame = _frame(replace(read.annotation, boxes=boxes), read.picture, rules, is_turned)
    if frame is None or frame.undecided:
        return Cure(boxes, None, tuple(renamed), frame.undecided if frame else "")
    mended, changes = _mended(frame.boxes, frame.size, ids)
    size = None if read.annotation.size in (None, frame.size) else frame.size
    return Cure(mended, size, (*renamed, *frame.changes, *changes))


class _Frame(Struct, frozen=True):
    """Boxes, and the size of the picture that they lie in; or why that is not known."""

    boxes: tuple[Box, ...] = ()
    size: Size = (0, 0)
    changes: tuple[Change, ...] = ()
    undecided: str = ""


def _frame(said: Annotation, picture: Picture, rules: Rules, is_turned: bool) -> _Frame:
    drawn, actual, boxes = said.size, picture.upright, said.boxes
    if drawn is None or drawn == actual:
        return _Frame(boxes, actual)
    if drawn == picture.raw:
        return (
            _Frame(in_frame(boxes, drawn, picture)[0], actual)
            if is_turned
            else _Frame(boxes, drawn)
        )
    kind: Kind = "sides" if _may_be_turned(boxes, drawn, actual) else "size"
    change = (Change(kind, f"{shown_size(drawn)} -> {shown_size(actual)}"),)
    if rules.resized == "keep":
        return _Frame(boxes, actual, change)
    if rules.resized == "scale" and _is_same_shape(drawn, actual):
        factors = (actual[0] / drawn[0], actual[1] / drawn[1])
        return _Frame(tuple(_scaled(box, factors) for box in boxes), actual, change)
    why = _why_undecided(boxes, drawn, actual)
    return _Frame(undecided=why) if why else _Frame(boxes, actual, change)


def _may_be_turned(boxes: Iterable[Box], drawn: Size, actual: Size) -> bool:
    """Whether width and height are swapped, and boxes lie in the picture either way: some tools
    write them so, but it may have been turned since."""
    edges = [_unswapped(box.edges) for box in boxes]
    fit_drawn = all(flaw(one, drawn) != LEAVES for one in edges)
    return drawn == actual[::-1] and bool(edges) and fit_drawn


def _why_undecided(boxes: Iterable[Box], drawn: Size, actual: Size) -> str:
    """Why it is not plain that a size is wrong and the boxes are right; "" if it is."""
    right_way = [_unswapped(box.edges) for box in boxes]
    fit_drawn, fit_actual = (
        all(flaw(edges, size) != LEAVES for edges in right_way) for size in (drawn, actual)
    )
    if right_way and fit_drawn and _is_same_shape(drawn, actual):
        scales = "`--resized scale` scales its boxes"
        return f"if it was resized, {scales}, else `--resized keep`" if fit_actual else scales
    return "" if fit_actual else "boxes leave the picture; were they drawn on another one?"


def _is_same_shape(drawn: Size, actual: Size) -> bool:
    """Whether one is the other resized: the sides agree to a pixel."""
    (w, h), (width, height) = drawn, actual
    return abs(w * height / width - h) <= 1 or abs(width * h / w - height) <= 1


def _scaled(box: Box, factors: tuple[float, float]) -> Box:
    """The box in whole pixels, if it was in whole pixels."""
    edges = [edge * factor for edge, factor in zip(box.edges, factors * 2, strict=True)]
    if all(edge.is_integer() for edge in box.edges):
        edges = [float(round(edge)) for edge in edges]
    return _with_edges(box, (edges[0], edges[1], edges[2], edges[3]))


def _renamed(
    boxes: tuple[Box, ...], renames: Mapping[str, str]
) -> tuple[tuple[Box, ...], list[Change]]:
    made, changes = list[Box](), list[Change]()
    for box in boxes:
        label = renames.get(composed(box.label), box.label)
        made.append(replace(box, label=label))
        if label != box.label:
            changes.append(Change("label", f"{shown(box)} -> {spelled(label)}"))
    return tuple(made), changes


def _mended(
    boxes: tuple[Box, ...], size: Size, ids: Mapping[str, int]
) -> tuple[tuple[Box | None, ...], list[Change]]:
    """Each box as it should be, or None; and what was changed."""
    made, changes = list[Box | None](), list[Change]()
    for box in boxes:
        after, of_box = _mended_box(box, size)
        made.append(after)
        changes += of_box
    kept = [number for number, box in enumerate(made) if box is not None]
    same = with_known_labels(tuple(box for box in made if box is not None), ids)
    for again in repeated(same):
        made[kept[again]] = None
        changes.append(Change("twice", shown(same[again])))
    return tuple(made), changes


def _mended_box(box: Box, size: Size) -> tuple[Box | None, list[Change]]:
    edges, changes = box.edges, list[Change]()
    if flaw(edges, size) == SWAPPED:
        edges = _unswapped(edges)
        changes.append(Change("swap", f"{shown(box)} -> {corners(edges)}"))
    within = edges if flaw(edges, size) not in ("", LEAVES) else inside(edges, size)
    if flaw(within, size):
        of_size = f" of {shown_size(size)}" if within != edges else ""
        return None, [Change("empty", shown(box) + of_size)]
    if within != edges:
        changes.append(
            Change("clip", f"{spelled(box.label)} {corners(edges)} -> {corners(within)}")
        )
    return _with_edges(box, within), changes


def _unswapped(edges: Edges) -> Edges:
    xmin, ymin, xmax, ymax = edges
    return min(xmin, xmax), min(ymin, ymax), max(xmin, xmax), max(ymin, ymax)


def _with_edges(box: Box, edges: Edges) -> Box:
    return replace(box, xmin=edges[0], ymin=edges[1], xmax=edges[2], ymax=edges[3])


# --- what the doctor and the table say ------------------------------------------------------------


def lookalikes(labels: Iterable[str], ids: Mapping[str, int]) -> dict[str, str]:
    """Unknown label → the known one that it differs from in case, blanks or code points only."""
    known = {composed(label) for label in ids}
    unknown = (label for label in dict.fromkeys(labels) if composed(label) not in known)
    return {label: near for label in unknown if (near := alike(label, ids))}


def unknown(labels: Iterable[str], ids: Mapping[str, int]) -> list[str]:
    """Labels that are not known, and look like none that is."""
    known = {composed(label) for label in ids} | lookalikes(labels := tuple(labels), ids).keys()
    return [label for label in dict.fromkeys(labels) if not {label, composed(label)} & known]


def advice(project: str, labels: Sequence[str]) -> str:
    """What to do about labels that are unknown."""
    rename = command(project, {labels[0]: "LABEL"})
    named = ", ".join(json.dumps(label, ensure_ascii=False) for label in labels[:FEW])
    named += ", …" if len(labels) > FEW else ""
    where = f"`labels` of [projects.{project}] in config/workspace.toml"
    return f"`{rename}` renames a label to one of the project's; or add {named} to {where}"


def command(project: str, renames: Mapping[str, str]) -> str:
    """The command that mends, ready to be typed."""
    words = [word for old, new in renames.items() for word in ("--rename", f"{old}={new}")]
    return shlex.join(["doit", f"mend:{project}", *words, "--write"])
