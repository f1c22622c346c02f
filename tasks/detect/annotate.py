"""What a network found, as labelImg's Pascal VOC: first annotations, for a person to correct."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tasks.annotations.voc import Box
from tasks.annotations.voc_writer import annotation
from tasks.inference.results import Detection


def voc(picture: Path, size: tuple[int, int], found: Iterable[Detection], network: str) -> bytes:
    """The annotation of an upright picture of this size (width, height). It names the network as
    its source.

    Boxes are whole pixels from 1 on, as labelImg has them (libs/pascal_voc_io.py there).
    """
    boxes = (Box(one.label, *_edges(one, size)) for one in found)
    return annotation(picture, size, boxes, proposed_by=network)


def _edges(one: Detection, size: tuple[int, int]) -> tuple[float, float, float, float]:
    ymin, xmin, ymax, xmax = one.place
    shares = ((xmin, size[0]), (ymin, size[1]), (xmax, size[0]), (ymax, size[1]))
    left, top, right, bottom = (min(max(1, round(share * side)), side) for share, side in shares)
    return left, top, right, bottom
