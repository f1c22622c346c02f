"""Values that a field of a pipeline.config can hold, and that no training can use."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite, isnan
from typing import Any

from tasks.formats.textproto.edit import Document
from tasks.pipeline_config.schema import parsed, unknown_fields

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
