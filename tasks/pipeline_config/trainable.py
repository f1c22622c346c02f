"""Whether the Object Detection API would begin to train by a pipeline.config; why not, and where.

The doctor tells all that it finds. Here the first fault is enough, before minutes are spent on
finding it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite, isnan
from typing import Any

from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import tokens
from tasks.pipeline_config.edit import UnsuitableError
from tasks.pipeline_config.refusals import refused
from tasks.pipeline_config.rules import branch_of
from tasks.pipeline_config.schema import fault, parsed, unknown_fields

FIELDS = re.compile(r"\w+(?:\[\d+\])?(?:\.\w+(?:\[\d+\])?)+|\w*_\w*")  # as a clause names them


def first_fault(document: Document) -> str:
    """Why no training would begin, as a clause that begins with the line; "" if one would."""
    clause = next(_faults(document), "")
    if not clause or clause.startswith("line "):
        return clause
    line = line_of(document, clause)
    return f"line {line}: {clause}" if line else clause


def _faults(document: Document) -> Iterator[str]:
    yield from unknown_fields(document)
    if why := fault(document.text):
        yield why
        return
    try:
        branch = branch_of(document)
    except UnsuitableError as unfit:
        yield str(unfit)
        return
    yield from refused(document, branch)
    yield from impossible_values(document)


def line_of(document: Document, clause: str) -> int:
    """The line of the last of the fields that a clause names, each looked for behind the one before
    it; 0 if none stands there."""
    named = [re.sub(r"\W.*", "", n) for path in FIELDS.findall(clause) for n in path.split(".")]
    places = [(token.text, token.start) for token in tokens(document.text) if token.kind == "name"]
    at = -1
    for name in named:
        at = next((start for text, start in places if text == name and start > at), at)
    return document.text.count("\n", 0, at) + 1 if at >= 0 else 0


# --- values that no training can use ------------------------------------------------------------

# Message → fields that must be above 0.
ABOVE_0 = {
    "FixedShapeResizer": {"height", "width"},
    "KeepAspectRatioResizer": {"min_dimension", "max_dimension"},
    "ConditionalShapeResizer": {"size_threshold"},
    "GridAnchorGenerator": {
        *("height", "width", "height_stride", "width_stride", "scales", "aspect_ratios"),
    },
    "SsdAnchorGenerator": {
        *("num_layers", "min_scale", "max_scale", "scales", "aspect_ratios"),
        *("base_anchor_height", "base_anchor_width", "height_stride", "width_stride"),
    },
    "MultiscaleAnchorGenerator": {"anchor_scale", "aspect_ratios", "scales_per_octave"},
    "AnchorGrid": {"base_sizes", "aspect_ratios", "height_stride", "width_stride"},
    "FeaturePyramidNetworks": {"additional_layer_depth"},
    "BidirectionalFeaturePyramidNetworks": {"num_iterations", "num_filters"},
    "FasterRcnn": {
        *("first_stage_atrous_rate", "first_stage_box_predictor_kernel_size"),
        *("first_stage_box_predictor_depth", "first_stage_minibatch_size"),
        *("first_stage_max_proposals", "second_stage_batch_size"),
        *("initial_crop_size", "maxpool_kernel_size", "maxpool_stride"),
    },
    "BatchNonMaxSuppression": {"max_detections_per_class", "max_total_detections"},
    "ExponentialDecayLearningRate": {"decay_steps", "decay_factor"},
}
LEVELS = {
    *("MultiscaleAnchorGenerator", "FeaturePyramidNetworks"),
    "BidirectionalFeaturePyramidNetworks",
}


def impossible_values(document: Document) -> Iterator[str]:
    """Values that a field can hold and no training can use, one clause each.

    builders/ of the Object Detection API hand them on as they are. A 0 (an anchor generator without
    anchors, a resize to nothing, a division) ends the training's start; a rate that is nan or below
    0 ruins the weights.
    """
    config = parsed(document.text)
    yield from _impossible(config, "")
    if not any(unknown_fields(document)):  # else a step that is misspelled is told already
        for index, step in enumerate(config.train_config.data_augmentation_options):
            if not step.ListFields():
                yield f"data_augmentation_options[{index}] names no augmentation; remove it"


def _impossible(message: Any, path: str) -> Iterator[str]:
    kind = message.DESCRIPTOR.name
    if kind in LEVELS and message.min_level > message.max_level:
        yield f"{path}.min_level {message.min_level} is above max_level {message.max_level}"
    for descriptor, found in message.ListFields():
        here = f"{path}.{descriptor.name}".lstrip(".")
        for value in found if descriptor.is_repeated else (found,):
            if descriptor.message_type:
                yield from _impossible(value, here)
            elif isinstance(value, (int, float)) and (
                why := _value_fault(kind, descriptor.name, value)
            ):
                yield f"{here} is {value:g}: {why}"


def _value_fault(kind: str, field: str, value: float) -> str:
    """Why a field can't have a value; "" if it can."""
    is_rate = "learning_rate" in field
    if isnan(value) or (is_rate and not isfinite(value)):
        return "write a number"
    if field in ABOVE_0.get(kind, ()) and value <= 0:
        return "it must be above 0"
    return "it must not be below 0" if is_rate and value < 0 else ""
