"""A SavedModel in TensorFlow: load it, run it, and know what its outputs mean; read the checkpoint
beside it. Runs in the child only. Whatever can't be loaded, run, read or understood is a
FaultError.

The signature is read, not assumed. The zoo's networks take `input_tensor`, uint8 [1, any, any, 3];
its two CenterNet MobileNetV2 exports are not callable, take a float32 picture of one size with
values 0 to 255, and number their outputs. Calling the signature function serves them all. Of the
exporter's other kinds, `encoded_image_string_tensor` takes the bytes of a picture's file, and
`tf_example` a tf.train.Example around them; both call their input `input_tensor`.

The outputs are those that the Object Detection API's exporter gives a SavedModel: boxes [1, N, 4]
normalised (ymin, xmin, ymax, xmax), scores and classes [1, N], a count [1], all float32; the first
`count` rows are detections, scores falling, the rest is padding.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tasks.config.types import Signature
from tasks.core.files import LARGEST_STATE, read_file
from tasks.core.text import whole
from tasks.inference.channel import FaultError
from tasks.inference.input_picture import Pixels, scaled
from tasks.inference.report import Checkpoint, Shape, Tensor

SIGNATURE = "serving_default"
STRING = "string"
NUM_CLASSES = re.compile(r"^[^\S\n]*num_classes\s*:\s*([0-9]+)", re.MULTILINE)
GRAPH_PLACE = re.compile(r"\{\{[^{}\n]*\}\}\s*")  # `{{node model/conv}} `, in TensorFlow's messages
PARSES = re.compile("Parse(Single)?Example")  # how the names of such operations begin
PREAMBLE = ("Graph execution error:", "Detected at node", "<stack traces", "  File ")

T = TypeVar("T")
Arrays = dict[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float32]
Outputs = Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A SavedModel, ready to run.

    `root` is kept because a function that was loaded does not keep its variables alive. Of an input
    of strings, `examples` says whether it takes a tf.train.Example, or else a picture's file.
    """

    root: Any
    call: Callable[..., Mapping[str, Any]]
    picture: Tensor
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    examples: bool = False

    @property
    def any_size(self) -> bool:
        """Whether pictures of any height and width may be given."""
        shape = self.picture.shape
        if shape is None or self.picture.dtype == STRING:
            return True
        return shape[1] is None and shape[2] is None


def load(tf: Any, folder: Path, signature: Signature) -> Loaded:
    """Load the SavedModel in `folder` and find its way in."""
    if not (folder / "saved_model.pb").is_file():
        raise FaultError(f"{folder.as_posix()} holds no saved_model.pb", _repair(folder))
    try:
        root = tf.saved_model.load(str(folder), tags=["serve"])
    except Exception as error:
        raise FaultError(f"its SavedModel can't be loaded: {first_line(error)}") from error
    if SIGNATURE not in root.signatures:
        names = ", ".join(sorted(root.signatures)) or "none"
        raise FaultError(f"it has no signature {SIGNATURE}; it has {names}")
    function = root.signatures[SIGNATURE]
    inputs = _tensors(function.structured_input_signature[1])
    picture = _picture_input(inputs, signature)
    outputs = _tensors(function.structured_outputs)
    examples = picture.dtype == STRING and _parses_examples(function.graph)
    return Loaded(root, function, picture, inputs, outputs, examples)


def run(tf: Any, loaded: Loaded, pixels: Pixels) -> tuple[Arrays, float]:
    """Run one picture, uint8 [height, width, 3]; its outputs and the seconds it took."""
    batch = _batch(tf, pixels, loaded)
    began = time.perf_counter()
    try:
        answer = loaded.call(**{loaded.picture.name: tf.constant(batch)})
        outputs = {name: value.numpy() for name, value in answer.items()}
    except Exception as error:
        why = f"it fails on a picture of {pixels.shape[1]} × {pixels.shape[0]}: {first_line(error)}"
        no_room = isinstance(error, tf.errors.ResourceExhaustedError)
        raise FaultError(why, transient=no_room) from error
    return outputs, time.perf_counter() - began


def _batch(tf: Any, pixels: Pixels, loaded: Loaded) -> Any:
    """One picture as the network takes it. A file is a PNG, which keeps every pixel; in a
    tf.train.Example it stands under the keys that the API's decoder reads."""
    if loaded.picture.dtype != STRING:
        return as_input(pixels, loaded.picture)
    file = tf.io.encode_png(pixels).numpy()
    if not loaded.examples:
        return [file]
    example = tf.train.Example()
    for key, value in {"image/encoded": file, "image/format": b"png"}.items():
        example.features.feature[key].bytes_list.value.append(value)
    return [example.SerializeToString(deterministic=True)]


def as_input(pixels: Pixels, tensor: Tensor) -> npt.NDArray[Any]:
    """The picture as the input wants it: a batch of one, in its dtype, and its size if it has one.
    Values stay 0 to 255 in every dtype: the zoo's networks scale them themselves."""
    shape = tensor.shape or (None,) * 4
    height, width = shape[1] or pixels.shape[0], shape[2] or pixels.shape[1]
    return scaled(pixels, height, width)[np.newaxis].astype(tensor.dtype)


@dataclass(frozen=True, slots=True)
class Detections:
    """The detections of one picture: boxes [n, 4], scores [n], classes [n] (ids), best first."""

    boxes: Floats
    scores: Floats
    classes: Floats


def required_outputs(
    outputs: Outputs, signature: Signature
) -> tuple[Floats, Floats, Floats, float]:
    """Boxes [N, 4], scores [N], classes [N] and the count, once names and shapes are right."""
    names = [signature.boxes, signature.scores, signature.classes]
    asked = [*names, signature.count] if signature.count else names
    missing = [name or "(no name)" for name in asked if name not in outputs]
    if missing:
        raise FaultError(
            f"it has no output {', '.join(missing)}; it has {', '.join(sorted(outputs))}",
            "name them under `signature` in its catalogue entry",
        )
    boxes, scores, classes = (np.asarray(outputs[name], np.float32) for name in names)
    rows = scores.shape[-1] if scores.ndim else 0
    for name, shape in zip(names, ((1, rows, 4), (1, rows), (1, rows)), strict=True):
        if (other := outputs[name].shape) != shape:
            raise FaultError(f"its output {name} has shape {list(other)}, not {list(shape)}")
    count = np.ravel(outputs[signature.count]) if signature.count else np.array([rows])
    if count.shape != (1,):
        raise FaultError(f"its output {signature.count} holds {count.size} numbers, not one")
    return boxes[0], scores[0], classes[0], float(count[0])


def detections_in(outputs: Outputs, signature: Signature) -> Detections:
    """The detections, without the padding."""
    boxes, scores, classes, count = required_outputs(outputs, signature)
    number = int(count) if np.isfinite(count) else 0
    rows = slice(0, max(0, min(number, len(scores))))
    return Detections(boxes[rows], scores[rows], classes[rows] + signature.first_class)


def read_checkpoint(tf: Any, prefix: Path) -> Checkpoint:
    """Read every tensor; TensorFlow compares each with the CRC32C that the index holds."""
    parameters = 0
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        types = reader.get_variable_to_dtype_map()
        for name, dtype in types.items():
            value = reader.get_tensor(name)
            if dtype.is_floating:
                parameters += value.size
                if not np.isfinite(value).all():
                    raise FaultError(f"its checkpoint's {name} holds NaN or infinity")
    except FaultError:
        raise
    except Exception as error:
        reason = first_line(error).removeprefix(f"TensorBundle at {prefix} ")
        why = f"its checkpoint {prefix.as_posix()} can't be read: {reason}"
        raise FaultError(why, _repair(prefix.parent)) from error
    return Checkpoint(len(types), parameters)


def number_of_classes(config: Path) -> int | None:
    """`num_classes` of a pipeline.config; None if there is no such file or field."""
    try:
        text = read_file(config, LARGEST_STATE).decode("utf-8", "replace")
    except OSError:
        return None
    match = NUM_CLASSES.search(text)
    return whole(match[1]) if match else None


def first_line(error: BaseException) -> str:
    """The first line of what an exception says, without the graph's own addresses, and without
    what TensorFlow puts before every error of a graph."""
    lines = GRAPH_PLACE.sub("", str(error)).splitlines()
    useful = [line.strip() for line in lines if line.strip() and not line.startswith(PREAMBLE)]
    return useful[0][:200] if useful else type(error).__name__


def _picture_input(inputs: tuple[Tensor, ...], signature: Signature) -> Tensor:
    """The input that takes the picture: the one so named, or the only one there is."""
    named = [tensor for tensor in inputs if tensor.name == signature.input]
    chosen = named or (list(inputs) if len(inputs) == 1 else [])
    if not chosen:
        names = ", ".join(tensor.name for tensor in inputs)
        raise FaultError(
            f"it has no input {signature.input}; it has {names or 'none'}",
            "name it under `signature` in its catalogue entry",
        )
    tensor = chosen[0]
    if not _takes_pictures(tensor):
        shape = "unknown" if tensor.shape is None else list(tensor.shape)
        raise FaultError(f"its input {tensor.name} takes no picture: {tensor.dtype}, shape {shape}")
    return tensor


def _parses_examples(graph: Any) -> bool:
    """Whether the graph, or a function that it calls, takes a tf.train.Example apart."""
    definition = graph.as_graph_def()
    parts = [definition.node, *(function.node_def for function in definition.library.function)]
    return any(PARSES.match(node.op) for nodes in parts for node in nodes)


def _takes_pictures(tensor: Tensor) -> bool:
    if tensor.dtype == STRING:
        return tensor.shape in (None, (None,), (1,))
    shape = tensor.shape or (None,) * 4
    fits = len(shape) == 4 and shape[0] in (1, None) and shape[3] in (3, None)
    return fits and tensor.dtype in ("uint8", "int32", "int64", "float16", "float32", "float64")


def _tensors(specs: Mapping[str, Any]) -> tuple[Tensor, ...]:
    def shape(spec: Any) -> Shape:
        return None if spec.shape.rank is None else tuple(spec.shape.as_list())

    return tuple(Tensor(n, spec.dtype.name, shape(spec)) for n, spec in sorted(specs.items()))


def _repair(folder: Path) -> str:
    return f"remove {folder.as_posix()} and run doit again"


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` gives, and the seconds it took."""
    began = time.perf_counter()
    return work(), time.perf_counter() - began
