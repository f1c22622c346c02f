"""What a training starts from: the checkpoint that a config names, and whether the two fit.

From object_detection/ of tensorflow/models: `load_fine_tune_checkpoint` of model_lib_v2.py,
`restore_from_objects` of each meta-architecture, `update_fine_tune_checkpoint_type` of
utils/config_util.py, `ensure_checkpoint_supported` of utils/variables_helper.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from tasks.core.files import read_file
from tasks.core.text import printable
from tasks.doctor import checkpoint, extractors
from tasks.formats import tensor_bundle
from tasks.formats.textproto.edit import Document
from tasks.pipeline_config import edit
from tasks.pipeline_config.edit import UnsuitableError, as_text, current, effective
from tasks.pipeline_config.rules import branch_of

LONGEST = 4_000_000  # bytes of a pipeline.config

UNSET = "PATH_TO_BE_CONFIGURED"
TYPES = ("detection", "full")
OBJECTS = "/.ATTRIBUTES/"  # in each name of a checkpoint that TensorFlow 2 wrote
CLASSIFIER = "feature_extractor/"  # how names begin in a checkpoint for `classification`
# Fields that give the extractor's weights their number or shape.
SHAPING = (
    "depth_multiplier",
    "min_depth",
    "use_depthwise",
    "num_layers",
    "use_separable_conv",
    "fpn.min_level",
    "fpn.max_level",
    "fpn.additional_layer_depth",
    "bifpn.min_level",
    "bifpn.max_level",
    "bifpn.num_iterations",
    "bifpn.num_filters",
)


def faults(document: Document, root: Path, network: Path) -> Iterator[str]:
    """Why training can't start from the config's checkpoint, one clause each.

    Args:
        root: where training runs; the checkpoint's path counts from there.
        network: the folder of the network that the config is for. If there is no checkpoint to
            compare the model with, it is compared with this one's.
    """
    value = current(document, "train_config.fine_tune_checkpoint")
    path = value if isinstance(value, str) else ""
    prefix = root / path
    names = _names(prefix) if path else []
    why = _fault(path, prefix, names) if path else ""
    if why:
        yield f"fine_tune_checkpoint {why}"
    if path:
        yield from _type(document, names)
        yield from _version(document)
    if path and not why:
        yield from unlike(document, _origin(prefix), "its checkpoint")
    else:
        yield from unlike(document, _origin(network / "any"), network.name)


def _fault(path: str, prefix: Path, names: Collection[str]) -> str:
    if UNSET in path:
        return f"is {UNSET}"
    why = checkpoint.fault_of(prefix)
    if names and not any(OBJECTS in name for name in names):
        why = "it is of TensorFlow 1, and TensorFlow 2's training refuses it; take one of the zoo"
    return f"{printable(path)}: {why}" if why else ""


def _version(document: Document) -> Iterator[str]:
    version = as_text(current(document, "train_config.fine_tune_checkpoint_version"))
    if version not in ("V2", "2"):
        yield f"fine_tune_checkpoint_version is {version or 'missing'}, not V2"


def kind_of(document: Document) -> str:
    """The type of the checkpoint as the API understands it; "" if the file does not say. The old
    `from_detection_checkpoint` counts where the type is missing."""
    kind = current(document, "train_config.fine_tune_checkpoint_type")
    if isinstance(kind, str) and kind:
        return kind
    old = effective(document, "train_config.from_detection_checkpoint")
    return "detection" if old is True else ""


def _type(document: Document, names: Collection[str]) -> Iterator[str]:
    kind = kind_of(document)
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
    """The tensors of a checkpoint; empty if that can't be told."""
    try:
        return list(
            tensor_bundle.shapes(checkpoint.read_index(prefix.with_name(f"{prefix.name}.index")))
        )
    except (OSError, ValueError):
        return []


# --- the config that the checkpoint was made with -----------------------------------------------


def _origin(prefix: Path) -> Document | None:
    """The pipeline.config beside the checkpoint, or beside its folder; None if none can be read."""
    for folder in (prefix.parent, prefix.parent.parent):
        try:
            return edit.read_own(read_file(folder / "pipeline.config", LONGEST))
        except (OSError, UnsuitableError):
            continue
    return None


def unlike(document: Document, origin: Document | None, whose: str) -> Iterator[str]:
    """In what a model differs from the one that its weights are of, so that they don't fit."""
    try:
        branch, theirs = branch_of(document), branch_of(origin) if origin else ""
    except UnsuitableError:
        return
    if origin is None or branch != theirs:
        yield from [f"the model is {branch}, and that of {whose} is {theirs}"] if origin else []
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
    if not made or extractors.fault(branch, name):
        return []
    if name != made:
        return [f"{at}.type"]
    head = [f"model.{branch}.num_classes"] if kind_of(document) == "full" else []
    return [f"{at}.{field}" for field in SHAPING] + head
