"""What sizes and shapes of boxes a network looks for, by its pipeline.config.

Sources: builders/image_resizer_builder.py, core/preprocessor.py and anchor_generators/ of the
Object Detection API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import sqrt
from typing import Any

from msgspec import Struct

from tasks.pipeline_config.schema import parsed

Size = tuple[float, float]  # width, height
STRIDE = 4.0
"""Pixels from one place to the next at which a CenterNet can have the centre of a box."""


class Anchors(Struct, frozen=True):
    """What a network looks for.

    Attributes:
        resized: what a picture's size, (width, height) in pixels, becomes before it is looked at.
        sizes: the anchors' in pixels of the resized picture, by that picture's size; none of a
            network without anchors, which finds whatever covers a place (see `STRIDE`).
    """

    resized: Callable[[Size], Size]
    sizes: Callable[[Size], tuple[Size, ...]]

    def fit(self, box: Size, picture: Size) -> Fit:
        """How well the best anchor fits a box of this size on a picture of this size."""
        width, height = self.resized(picture)
        wide, high = box[0] * width / picture[0], box[1] * height / picture[1]
        anchors = self.sizes((width, height))
        if not anchors:
            return Fit(1.0 if min(wide, high) >= STRIDE else 0.0, min(wide, high) < STRIDE)
        best = max(_overlap((wide, high), one) for one in anchors)
        return Fit(best, wide * high < min(w * h for w, h in anchors) and best < MATCHED)


MATCHED = 0.5
"""Overlap from which on the zoo's networks take an anchor for a box (`argmax_matcher`)."""


class Fit(Struct, frozen=True):
    """How the best anchor fits a box.

    Attributes:
        overlap: intersection over union of the two, one centred on the other.
        is_too_small: it fits none, for all are larger.
    """

    overlap: float
    is_too_small: bool


def _overlap(box: Size, anchor: Size) -> float:
    common = min(box[0], anchor[0]) * min(box[1], anchor[1])
    both = box[0] * box[1] + anchor[0] * anchor[1] - common
    return common / both if both > 0 else 0.0


def anchors_of(text: str) -> Anchors:
    """The anchors of the network that a pipeline.config describes.

    Raises:
        ValueError: it is no sound pipeline.config.
    """
    model = parsed(text).model
    branch = model.WhichOneof("model")
    if branch is None:
        raise ValueError("it holds no model")
    one = getattr(model, branch)
    if branch == "center_net":
        return Anchors(_resizer(one.image_resizer), lambda _: ())
    is_ssd = branch == "ssd"
    generator = one.anchor_generator if is_ssd else one.first_stage_anchor_generator
    return Anchors(_resizer(one.image_resizer), _generator(generator))


def _resizer(asked: Any) -> Callable[[Size], Size]:
    kind = asked.WhichOneof("image_resizer_oneof")
    one: Any = getattr(asked, kind) if kind else None
    if kind == "fixed_shape_resizer":
        return lambda _: (float(one.width), float(one.height))
    if kind == "keep_aspect_ratio_resizer":

        def resized(picture: Size) -> Size:
            scale = min(one.min_dimension / min(picture), one.max_dimension / max(picture))
            return picture[0] * scale, picture[1] * scale

        return resized
    return lambda picture: picture


def _generator(asked: Any) -> Callable[[Size], tuple[Size, ...]]:
    kind = asked.WhichOneof("anchor_generator_oneof")
    one: Any = getattr(asked, kind) if kind else None
    if kind == "ssd_anchor_generator":
        shares = tuple(_ssd(one))
        return lambda picture: tuple((w * min(picture), h * min(picture)) for w, h in shares)
    fixed: tuple[Size, ...] = ()
    if kind == "grid_anchor_generator":
        sides = [(scale * one.width, scale * one.height) for scale in one.scales]
        fixed = tuple(_shaped(side, ratio) for side in sides for ratio in one.aspect_ratios)
    if kind == "multiscale_anchor_generator":
        fixed = tuple(_multiscale(one))
    if kind == "flexible_grid_anchor_generator":
        fixed = tuple(
            _shaped((size, size), ratio)
            for grid in one.anchor_grid
            for size, ratio in zip(grid.base_sizes, grid.aspect_ratios, strict=False)
        )
    return lambda _: fixed


def _shaped(size: Size, ratio: float) -> Size:
    """The same area with width : height as the ratio says."""
    return size[0] * sqrt(ratio), size[1] / sqrt(ratio)


def _multiscale(one: Any) -> Iterator[Size]:
    parts = [2 ** (part / one.scales_per_octave) for part in range(one.scales_per_octave)]
    for level in range(one.min_level, one.max_level + 1):
        for part in parts:
            side = 2.0**level * one.anchor_scale * part
            yield from (_shaped((side, side), ratio) for ratio in one.aspect_ratios)


def _ssd(one: Any) -> Iterator[Size]:
    """Anchors as shares of the picture's shorter side."""
    base = (one.base_anchor_width, one.base_anchor_height)
    layers, steps = one.num_layers, max(one.num_layers - 1, 1)
    even = [one.min_scale + (one.max_scale - one.min_scale) * n / steps for n in range(layers)]
    scales = [*(one.scales or even), 1.0]
    for number, (scale, following) in enumerate(pairwise(scales)):
        shapes = [(scale, ratio) for ratio in one.aspect_ratios]
        if number == 0 and one.reduce_boxes_in_lowest_layer:
            shapes = [(0.1, 1.0), (scale, 2.0), (scale, 0.5)]
        elif one.interpolated_scale_aspect_ratio > 0:
            shapes.append((sqrt(scale * following), one.interpolated_scale_aspect_ratio))
        for size, ratio in shapes:
            yield _shaped((size * base[0], size * base[1]), ratio)
