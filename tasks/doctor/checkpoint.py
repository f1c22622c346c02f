"""A network's checkpoint: complete, and as wide as its own config says. TensorFlow isn't needed:
the index names each tensor's shape and place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tasks.core.files import read_file
from tasks.formats import tensor_bundle

LARGEST_INDEX = 64_000_000
BOX = 4  # numbers that place a box
PARTS = re.compile(r"\.(index|data-\d{5}-of-\d{5})$")
Shapes = Mapping[str, tuple[int, ...]]


def fault_of(prefix: Path) -> str:
    """What is wrong with the checkpoint `…/ckpt-0`, as a clause; "" if it is complete.

    The users' usual slips are told for what they are: a file or a folder instead of the prefix.
    """
    if PARTS.search(prefix.name):
        return f"it names a file; write the prefix {PARTS.sub('', prefix.name)}"
    if prefix.is_dir():
        return "it is a folder; write the prefix in it, as checkpoint/ckpt-0"
    index = prefix.with_name(prefix.name + ".index")
    try:
        lengths = tensor_bundle.data_lengths(read_index(index))
    except FileNotFoundError:
        return f"there is no {index.name}"
    except OSError as failure:
        return f"{index.name} can't be read: {failure.strerror}"
    except ValueError as fault:
        return f"{index.name} is damaged: {fault}"
    for number, length in enumerate(lengths):
        data = prefix.with_name(f"{prefix.name}.data-{number:05d}-of-{len(lengths):05d}")
        if not data.is_file():
            return f"there is no {data.name}"
        if data.stat().st_size != length:
            return f"{data.name} has {data.stat().st_size} bytes and not {length}"
    return ""


def read_index(path: Path) -> bytes:
    """The bytes of an index.

    Raises:
        OSError: it can't be read, or is far larger than any.
    """
    return read_file(path, LARGEST_INDEX)


def classes(shapes: Shapes, branch: str, add_background: bool) -> set[int]:
    """For how many classes the tensors are made, as told by each class head; empty if no class
    head is known by name, 0 for one whose width fits no number of classes.

    The names are those that the Object Detection API gives: `_class_prediction_head` of the second
    stage (one column more, for background), `class_predictions_with_background` of an SSD (times
    the anchors of a place, which the box head beside it tells), `object_center` of a CenterNet.
    """
    if branch == "faster_rcnn":
        head = "_mask_rcnn_box_predictor/_class_prediction_head/_class_predictor_layers/"
        return {shape[-1] - 1 for name, shape in shapes.items() if head in name and shape}
    if branch == "center_net":
        return _center_net(shapes)
    extra, anchors, found = (1 if add_background else 0), _anchors(shapes), set()
    for name, shape in shapes.items():
        match = SSD_CLASS.search(name)
        boxes = anchors.get(match["number"], 0) if match and shape else 0
        if boxes:
            found.add(shape[-1] // boxes - extra if shape[-1] % boxes == 0 else 0)
    return found


SSD_CLASS = re.compile(
    r"_box_predictor/_prediction_heads/class_predictions_with_background/(?:(?P<number>\d+)/)?"
    r"_class_predictor_layers/0/bias/"
)
SSD_BOX = re.compile(
    r"_box_predictor/(?:_box_prediction_head|_prediction_heads/box_encodings)/(?:(?P<number>\d+)/)?"
    r"_box_encoder_layers/0/bias/"
)


def _anchors(shapes: Shapes) -> dict[str | None, int]:
    """Number of a place's box head → its anchors: the head has four numbers for each."""
    found: dict[str | None, int] = {}
    for name, shape in shapes.items():
        match = SSD_BOX.search(name)
        if match and shape:
            found.setdefault(match["number"], shape[-1] // BOX)
    return found


def _center_net(shapes: Shapes) -> set[int]:
    """The last layer of each heatmap head."""
    last: dict[str, tuple[str, int]] = {}
    for name, shape in shapes.items():
        head, found, layer = name.partition("/object_center/")
        number = re.match(r"(\d+)/(.*)/bias/", layer)
        if found and number and shape:
            key = f"{head}{number[1]}"
            last[key] = max(last.get(key, ("", 0)), (number[2], shape[-1]))
    return {width for _, width in last.values()}
