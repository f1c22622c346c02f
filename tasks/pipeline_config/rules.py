"""What a project changes in a network's pipeline.config, and what its training needs; the file
itself is not changed here. One that can't be tailored is an UnsuitableError."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from tasks.formats.textproto.edit import Document, Values
from tasks.formats.textproto.path import PathError, plain
from tasks.formats.textproto.values import Word
from tasks.pipeline_config.edit import Change, UnsuitableError, current, effective, number
from tasks.pipeline_config.schema import field_at
from tasks.pipeline_config.training import TrainingSettings, schedule_changes

# The branches of DetectionModel that are tailored. Mask R-CNN is a `faster_rcnn` of three stages,
# EfficientDet an `ssd`. To set a field in a branch that is not there would drop the one that is.
BRANCHES = ("faster_rcnn", "ssd", "center_net")
NMS = "batch_non_max_suppression"
SUPPRESSION = {
    "faster_rcnn": f"model.faster_rcnn.second_stage_post_processing.{NMS}",
    "ssd": f"model.ssd.post_processing.{NMS}",
}

# What training needs in the records besides boxes, and the parts of a network that need it.
MASKS = "a mask for each object in the records"
KEYPOINTS = "keypoints in the records and in the label map"
HEAD = "model.faster_rcnn.second_stage_box_predictor.mask_rcnn_box_predictor"
# CenterNet's tasks beside boxes, and what each is taught with.
TASKS = {
    "keypoint_estimation_task": KEYPOINTS,
    "mask_estimation_task": MASKS,
    "deepmac_mask_estimation": MASKS,
    "densepose_estimation_task": "DensePose's points in the records",
    "track_estimation_task": "a track for each object in the records",
    "temporal_offset_task": "each object's offset to the frame before in the records",
}


class Facts(Struct, frozen=True):
    """What the rules need to know of a project and a network.

    Attributes:
        classes: the highest class id.
        checkpoint: prefix of the pre-trained checkpoint.
        label_map, train_record, test_record: all paths are relative to the workspace, where the
            training scripts are run.
    """

    classes: int
    checkpoint: str
    label_map: str
    train_record: str
    test_record: str
    settings: TrainingSettings


def branch_of(document: Document) -> str:
    """The meta-architecture that is really there."""
    try:
        found = [b for b in BRANCHES if document.has_message(f"model.{b}")]
    except PathError as error:
        raise UnsuitableError(f"its model can't be told: {error}") from None
    if len(found) != 1:
        which = " and ".join(found) or f"none of {', '.join(BRANCHES)}"
        raise UnsuitableError(f"expected one meta-architecture in `model`; found {which}")
    return found[0]


def changes(document: Document, facts: Facts) -> list[Change]:
    """Every value that tailoring looks after, in the order of the file's parts. Those that are
    right already are among them: should the project's settings change, they follow."""
    branch = branch_of(document)
    try:
        found = [
            *_model(document, branch, facts),
            *_train_config(document, facts),
            *schedule_changes(document, facts.settings),
            *_readers(document, facts),
        ]
    except PathError as error:
        raise UnsuitableError(f"expected each part once: {error}") from None
    return _overridden(document, branch, found, facts.settings)


def _model(document: Document, branch: str, facts: Facts) -> Iterator[Change]:
    why = "the highest class id of the project's labels"
    yield Change(f"model.{branch}.num_classes", facts.classes, why)
    if branch == "center_net":
        yield from _center_net(document, facts)
    else:
        yield from _limits(document, SUPPRESSION[branch], facts.settings)


def _center_net(document: Document, facts: Facts) -> Iterator[Change]:
    if facts.settings.max_detections is not None:
        path = "model.center_net.object_center_params.max_box_predictions"
        yield Change(path, facts.settings.max_detections, "max_detections of the project")
    path = "model.center_net.keypoint_label_map_path"
    if document.count(path):
        yield Change(path, facts.label_map, "the project's label map")


def _limits(document: Document, where: str, settings: TrainingSettings) -> Iterator[Change]:
    """How many boxes a picture may have. The API refuses more of a class than of all together."""
    total, each = settings.max_detections, settings.max_detections_per_class
    total_path, each_path = f"{where}.max_total_detections", f"{where}.max_detections_per_class"
    if total is not None:
        yield Change(total_path, total, "max_detections of the project")
        if each is None and number(document, each_path) > total:
            yield Change(each_path, total, "a class can't have more than all together")
    if each is not None:
        yield Change(each_path, each, "max_detections_per_class of the project")
        if total is None and number(document, total_path) < each:
            yield Change(total_path, each, "no fewer than a class may have")


def _train_config(document: Document, facts: Facts) -> Iterator[Change]:
    settings, at = facts.settings, "train_config"
    why = "pictures a step that memory has room for"
    yield Change(f"{at}.batch_size", settings.batch_size, why)
    yield Change(f"{at}.num_steps", settings.num_steps, "steps of the project's training")
    yield Change(f"{at}.fine_tune_checkpoint", facts.checkpoint, "the pre-trained network")
    why = "these weights come from detection, not classification"
    yield Change(f"{at}.fine_tune_checkpoint_type", "detection", why)
    why = "TensorFlow 2 refuses other checkpoints"
    yield Change(f"{at}.fine_tune_checkpoint_version", Word("V2"), why)
    yield from _device(document, settings)


def _device(document: Document, settings: TrainingSettings) -> Iterator[Change]:
    """What depends on the devices; a field that is missing and means the same stays away."""
    is_tpu, several = settings.device == "tpu", settings.replicas > 1
    tpu_why = f"for the device {settings.device}" if is_tpu else "it works on TPUs only"
    why = f"{settings.replicas} devices train together" if several else "one device trains"
    for change, default in (
        (Change("train_config.use_bfloat16", is_tpu, tpu_why), False),
        (Change("train_config.sync_replicas", several, why), False),
        (Change("train_config.replicas_to_aggregate", settings.replicas, why), 1),
    ):
        if change.value != default or document.count(change.path):
            yield change


def _readers(document: Document, facts: Facts) -> Iterator[Change]:
    yield from _reader(document, "train_input_reader", facts.label_map, facts.train_record)
    if facts.settings.max_boxes is not None:
        # The field of the same name in `train_config` is read by TensorFlow 1's training alone.
        path = "train_input_reader.max_number_of_boxes"
        yield Change(path, facts.settings.max_boxes, "max_boxes of the project")
    for index in range(max(1, document.count("eval_input_reader"))):
        where = f"eval_input_reader[{index}]"
        yield from _reader(document, where, facts.label_map, facts.test_record)


def _reader(document: Document, where: str, label_map: str, record: str) -> Iterator[Change]:
    yield Change(f"{where}.label_map_path", label_map, "the project's label map")
    if document.count(f"{where}.external_input_reader"):
        yield Change(f"{where}.external_input_reader", None, "the records are read instead")
    path = f"{where}.tf_record_input_reader.input_path"
    several = document.count(path) > 1
    yield Change(path, (record,) if several else record, "the project's records")


# --- the user's overrides -----------------------------------------------------------------------


def _overridden(
    document: Document, branch: str, found: list[Change], settings: TrainingSettings
) -> list[Change]:
    """The project's overrides in place of our own changes; those for the networks of another
    meta-architecture are left out."""
    others = tuple(f"model.{other}." for other in BRANCHES if other != branch)
    given = {
        path: value
        for path, value in settings.overrides.items()
        if not f"{path}.".replace("[", ".").startswith(others)
    }
    names = {plain(path) for path in given}
    return [change for change in found if plain(change.path) not in names] + [
        Change(path, _as_field(document, path, value), "override of the project")
        for path, value in given.items()
    ]


def _as_field(document: Document, path: str, value: object) -> Values:
    """A value of TOML as the field has it: TOML can't tell a string from the name of an enum's
    value. What stands there decides, then the field's type."""
    if isinstance(value, (list, tuple)):
        return tuple(_as_field(document, path, item) for item in value)  # type: ignore[misc]
    if not isinstance(value, str) or not value.replace("_", "a").isalnum():
        return value  # type: ignore[return-value]
    try:
        old = document.get(path)
    except PathError:
        old = None
    old = old[0] if isinstance(old, tuple) else old
    if old is not None:
        return Word(value) if isinstance(old, Word) else value
    field = field_at(path)
    return Word(value) if field and field.enum_type else value


# --- what is needed besides boxes ---------------------------------------------------------------


def needs(document: Document) -> str:
    """What a network's training needs besides boxes, as a clause in the catalogue's words; "" if
    boxes are enough."""
    center_net, faster_rcnn = "model.center_net", "model.faster_rcnn"
    found = [what for task, what in TASKS.items() if current(document, f"{center_net}.{task}")]
    stages = effective(document, f"{faster_rcnn}.number_of_stages")
    if stages == 3 and effective(document, f"{HEAD}.predict_instance_masks") is True:
        found.append(MASKS)
    if current(document, f"{faster_rcnn}.context_config"):
        found.append("features of other pictures (context_features) in the records")
    needed = ", and ".join(dict.fromkeys(found))
    return f"its training needs {needed}; boxes are not enough" if needed else ""
