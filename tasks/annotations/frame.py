"""Whether a box lies in its picture. Records, doctor and measure all judge by this.

Tools that turn, scale or round leave edges that are a fraction of a pixel outside; those are moved
to the picture's edge. What is further out was drawn on another picture, or is wrong.
"""

from __future__ import annotations

import math
import struct

Edges = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax
Pair = tuple[float, float]


def flaw(edges: Edges, size: Pair, pixel: Pair = (1.0, 1.0)) -> str:
    """What is wrong with a box, as a clause about it; "" if it is right once it is clipped.

    Args:
        size: (width, height) of the picture, in the unit of the edges.
        pixel: (width, height) of a pixel in that unit.
    """
    if not all(map(math.isfinite, edges)):
        return "an edge is not a number"
    xmin, ymin, xmax, ymax = edges
    if xmin > xmax or ymin > ymax:
        return "its corners are swapped"
    if xmin == xmax or ymin == ymax:
        return "the box has no area"
    out = max(-xmin / pixel[0], (xmax - size[0]) / pixel[0])
    out = max(out, -ymin / pixel[1], (ymax - size[1]) / pixel[1])
    if out >= 1:
        return "the box leaves the picture"
    xmin, ymin, xmax, ymax = (_stored(edge) for edge in fractions(clipped(edges, size), size))
    if xmin >= xmax or ymin >= ymax:
        return "the box has no area in the picture that a record could hold"
    return ""


def clipped(edges: Edges, size: Pair) -> Edges:
    """The part of a box that lies in its picture."""
    xs = (min(max(x, 0.0), float(size[0])) for x in edges[::2])
    ys = (min(max(y, 0.0), float(size[1])) for y in edges[1::2])
    (xmin, xmax), (ymin, ymax) = xs, ys
    return xmin, ymin, xmax, ymax


def fractions(edges: Edges, size: Pair) -> Edges:
    """A box in fractions of its picture, as records hold it."""
    (xmin, ymin, xmax, ymax), (width, height) = edges, size
    return xmin / width, ymin / height, xmax / width, ymax / height


def _stored(fraction: float) -> float:
    """As a record holds it, in 32 bits."""
    value: float = struct.unpack("<f", struct.pack("<f", fraction))[0]
    return value
