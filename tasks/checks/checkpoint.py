"""A network's checkpoint: complete, as wide as its config says, and fit to start a training from.
TensorFlow isn't needed: the index names each tensor's shape and place.

From object_detection/ of tensorflow/models: `load_fine_tune_checkpoint` of model_lib_v2.py,
`restore_from_objects` of each meta-architecture, `update_fine_tune_checkpoint_type` of
utils/config_util.py, `ensure_checkpoint_supported` of utils/variables_helper.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from tasks.core.files import read_file
from tasks.core.text import printable
from tasks.formats import tensor_bundle
from tasks.formats.textproto.edit import Document
from tasks.pipeline_config.edit import UnsuitableError, as_text, current, effective, read_own
from tasks.pipeline_config.refusals import extractor_fault
from tasks.pipeline_config.rules import branch_of

LARGEST_INDEX = 64_000_000
BOX = 4  # numbers that place a box: an SSD's box head has as many for each anchor
PARTS = re.compile(r"\.(index|data-\d{5}-of-\d{5})$")
Shapes = Mapping[str, tuple[int, ...]]
LONGEST_CONFIG = 4_000_000  # bytes of a pipeline.config
UNSET = "PATH_TO_BE_CONFIGURED"
TYPES = ("detection", "full")
OBJECTS = "/.ATTRIBUTES/"  # in each name of a checkpoint that TensorFlow 2 wrote
CLASSIFIER = "feature_extractor/"  # how names begin in a checkpoint for `classification`
# Fields that give the extractor's weights their number or shape.
SHAPING = (
    *("depth_multiplier", "min_depth", "use_depthwise", "num_layers", "use_separable_conv"),
    *("fpn.min_level", "fpn.max_level", "fpn.additional_layer_depth"),
    *("bifpn.min_level", "bifpn.max_level", "bifpn.num_iterations", "bifpn.num_filters"),
)
# The biases of an SSD's heads, by the number of the place that they look at.
SSD_CLASS = re.compile(
    r"_box_predictor/_prediction_heads/class_predictions_with_background/(?:(?P<number>\d+)/)?"
    r"_class_predictor_layers/0/bias/"
)
SSD_BOX = re.compile(
    r"_box_predictor/(?:_box_prediction_head|_prediction_heads/box_encodings)/(?:(?P<number>\d+)/)?"
    r"_box_encoder_layers/0/bias/"
)


# --- complete -----------------------------------------------------------------------------------


def checkpoint_fault(prefix: Path) -> str:
    """What is wrong with the checkpoint `…/ckpt-0`, as a clause; "" if it is complete.

    The usual slips, a file or a folder instead of the prefix, have messages of their own.
    """
    if PARTS.search(prefix.name):
        return f"it names a file; write the prefix {PARTS.sub('', prefix.name)}"
    if prefix.is_dir():
        return "it is a folder; write the prefix in it, as checkpoint/ckpt-0"
    index = f"{prefix.name}.index"
    try:
        lengths = tensor_bundle.data_lengths(read_index(prefix))
    except FileNotFoundError:
        return f"there is no {index}"
    except OSError as failure:
        return f"{index} can't be read: {failure.strerror}"
    except ValueError as fault:
        return f"{index} is damaged: {fault}"
    for number, length in enumerate(lengths):
        data = prefix.with_name(f"{prefix.name}.data-{number:05d}-of-{len(lengths):05d}")
        if not data.is_file():
            return f"there is no {data.name}"
        if data.stat().st_size != length:
            return f"{data.name} has {data.stat().st_size} bytes and not {length}"
    return ""


def read_index(prefix: Path) -> bytes:
    """The bytes of a checkpoint's index.

    Raises:
        OSError: it can't be read, or is far larger than any.
    """
    return read_file(prefix.with_name(f"{prefix.name}.index"), LARGEST_INDEX)


def class_counts(shapes: Shapes, branch: str, add_background: bool) -> set[int]:
    """For how many classes the tensors are made, by each class head; empty if no class
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
    extra, anchors, found = (1 if add_background else 0), dict(_heads(shapes, SSD_BOX)), set()
    for place, width in _heads(shapes, SSD_CLASS):
        if boxes := anchors.get(place, 0) // BOX:
            found.add(width // boxes - extra if width % boxes == 0 else 0)
    return found


def _heads(shapes: Shapes, head: re.Pattern[str]) -> Iterator[tuple[str | None, int]]:
    """The number of each place's head, and how wide it is."""
    for name, shape in shapes.items():
        match = head.search(name)
        if match and shape:
            yield match["number"], shape[-1]


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


# --- what a training starts from ------------------------------------------------------------------


def start_faults(document: Document, root: Path, network: Path) -> Iterator[str]:
    """Why training can't start from the config's checkpoint, one clause each.

    Args:
        root: where training runs; the checkpoint's path counts from there.
        network: the folder of the network that the config is for. If there is no checkpoint to
            compare the model with, it is compared with this one's.
    """
    path = current(document, "train_config.fine_tune_checkpoint")
    if not isinstance(path, str) or not path:
        yield from _differences(document, _origin(network / "any"), network.name)
        return
    prefix = root / path
    names = _names(prefix)
    if why := _path_fault(path, prefix, names):
        yield f"fine_tune_checkpoint {why}"
    yield from _type(document, names)
    version = as_text(current(document, "train_config.fine_tune_checkpoint_version"))
    if version not in ("V2", "2"):
        yield f"fine_tune_checkpoint_version is {version or 'missing'}, not V2"
    origin, whose = (network / "any", network.name) if why else (prefix, "its checkpoint")
    yield from _differences(document, _origin(origin), whose)


def _path_fault(path: str, prefix: Path, names: Collection[str]) -> str:
    if UNSET in path:
        return f"is {UNSET}"
    why = checkpoint_fault(prefix)
    if names and not any(OBJECTS in name for name in names):
        why = "it is of TensorFlow 1, and TensorFlow 2's training refuses it; take one of the zoo"
    return f"{printable(path)}: {why}" if why else ""


def _checkpoint_type(document: Document) -> str:
    """The type of the checkpoint as the API understands it; "" if the file does not say. The old
    `from_detection_checkpoint` counts where the type is missing."""
    kind = current(document, "train_config.fine_tune_checkpoint_type")
    if isinstance(kind, str) and kind:
        return kind
    old = effective(document, "train_config.from_detection_checkpoint")
    return "detection" if old is True else ""


def _type(document: Document, names: Collection[str]) -> Iterator[str]:
    kind = _checkpoint_type(document)
    if any(name.startswith(CLASSIFIER) for name in names):
        if kind in TYPES:
            yield f"fine_tune_checkpoint_type is {kind}; this checkpoint's is classification"
        return
    if kind == "fine_tune":
        yield "fine_tune_checkpoint_type is fine_tune; the zoo's are of detection, which does it"
    elif kind not in TYPES:
        said = printable(kind) or "missing"
        yield f"fine_tune_checkpoint_type is {said}; the zoo's are of detection"


def _names(prefix: Path) -> list[str]:
    """The tensors of a checkpoint; empty if they can't be read."""
    try:
        return list(tensor_bundle.shapes(read_index(prefix)))
    except (OSError, ValueError):
        return []


def _origin(prefix: Path) -> Document | None:
    """The pipeline.config beside the checkpoint, or beside its folder; None if none can be read."""
    for folder in (prefix.parent, prefix.parent.parent):
        try:
            return read_own(read_file(folder / "pipeline.config", LONGEST_CONFIG))
        except (OSError, UnsuitableError):
            continue
    return None


def _differences(document: Document, origin: Document | None, whose: str) -> Iterator[str]:
    """How a model differs from the one that the weights were made for, so that they don't fit."""
    if origin is None:
        return
    try:
        branch, original = branch_of(document), branch_of(origin)
    except UnsuitableError:
        return
    if branch != original:
        yield f"the model is {branch}, and that of {whose} is {original}"
        return
    for path in _compared(document, origin, branch):
        here, there = (as_text(effective(one, path)) for one in (document, origin))
        if here != there:
            field = path.removeprefix(f"model.{branch}.")
            yield f"{field} is {printable(here)}, and that of {whose} is {printable(there)}"


def _compared(document: Document, origin: Document, branch: str) -> list[str]:
    """The fields to compare: the extractor, or if it is the same all that shapes its weights."""
    at = f"model.{branch}.feature_extractor"
    name, made = (str(effective(one, f"{at}.type")) for one in (document, origin))
    if not made or extractor_fault(branch, name):
        return []
    if name != made:
        return [f"{at}.type"]
    head = [f"model.{branch}.num_classes"] if _checkpoint_type(document) == "full" else []
    return [f"{at}.{field}" for field in SHAPING] + head
