"""The types of the fields that matter here, for the protobuf library to hold a text against.

Field numbers, types and oneofs as in research/object_detection/protos/*.proto of tensorflow/models.
Fields that are not listed are passed over: their syntax alone is checked.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tasks.textproto.path import PathError, steps

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

PACKAGE = "object_detection.protos"
ROOT = "TrainEvalPipelineConfig"
ENUMS = {
    "CheckpointVersion": ("UNKNOWN", "V1", "V2"),
    "InstanceMaskType": ("DEFAULT", "NUMERICAL_MASKS", "PNG_MASKS"),
}
_NMS = (
    "score_threshold 1 float|iou_threshold 2 float|max_detections_per_class 3 int32|"
    "max_total_detections 5 int32|use_static_shapes 6 bool"
)
# message → `name number type [oneof]`, a `*` before a type that is repeated.
MESSAGES = {
    ROOT: "model 1 DetectionModel|train_config 2 TrainConfig|train_input_reader 3 InputReader|"
    "eval_config 4 EvalConfig|eval_input_reader 5 *InputReader",
    "DetectionModel": "faster_rcnn 1 FasterRcnn model|ssd 2 Ssd model|center_net 4 CenterNet model",
    "FasterRcnn": "number_of_stages 1 int32|num_classes 3 int32|image_resizer 4 ImageResizer|"
    "feature_extractor 5 FeatureExtractor|second_stage_post_processing 24 PostProcessing",
    "Ssd": "num_classes 1 int32|image_resizer 2 ImageResizer|feature_extractor 3 FeatureExtractor|"
    "post_processing 9 PostProcessing|freeze_batchnorm 16 bool|add_background_class 21 bool",
    "CenterNet": "num_classes 1 int32|feature_extractor 2 FeatureExtractor|"
    "image_resizer 3 ImageResizer|object_center_params 5 ObjectCenterParams|"
    "keypoint_label_map_path 6 string|keypoint_estimation_task 7 *KeypointEstimation|"
    "post_processing 24 PostProcessing",
    "ObjectCenterParams": "max_box_predictions 5 int32",
    "KeypointEstimation": "task_name 1 string|keypoint_class_name 4 string",
    "FeatureExtractor": "type 1 string",
    "ImageResizer": "keep_aspect_ratio_resizer 1 KeepAspectRatioResizer image_resizer_oneof|"
    "fixed_shape_resizer 2 FixedShapeResizer image_resizer_oneof",
    "KeepAspectRatioResizer": "min_dimension 1 int32|max_dimension 2 int32|"
    "pad_to_max_dimension 4 bool",
    "FixedShapeResizer": "height 1 int32|width 2 int32",
    "PostProcessing": "batch_non_max_suppression 1 BatchNonMaxSuppression",
    "BatchNonMaxSuppression": _NMS,
    "TrainConfig": "batch_size 1 uint32|sync_replicas 3 bool|optimizer 5 Optimizer|"
    "gradient_clipping_by_norm 6 float|fine_tune_checkpoint 7 string|"
    "fine_tune_checkpoint_type 22 string|fine_tune_checkpoint_version 28 CheckpointVersion|"
    "from_detection_checkpoint 8 bool|num_steps 9 uint32|startup_delay_steps 10 float|"
    "replicas_to_aggregate 13 int32|max_number_of_boxes 20 int32|unpad_groundtruth_tensors 21 bool|"
    "use_bfloat16 26 bool|run_fine_tune_checkpoint_dummy_computation 30 bool",
    "Optimizer": "rms_prop_optimizer 1 AnyOptimizer optimizer|"
    "momentum_optimizer 2 AnyOptimizer optimizer|adam_optimizer 3 AnyOptimizer optimizer|"
    "use_moving_average 4 bool|moving_average_decay 5 float",
    "AnyOptimizer": "learning_rate 1 LearningRate|momentum_optimizer_value 2 float|"
    "decay 3 float|epsilon 4 float",
    "LearningRate": "constant_learning_rate 1 ConstantLearningRate learning_rate|"
    "exponential_decay_learning_rate 2 ExponentialDecayLearningRate learning_rate|"
    "manual_step_learning_rate 3 ManualStepLearningRate learning_rate|"
    "cosine_decay_learning_rate 4 CosineDecayLearningRate learning_rate",
    "ConstantLearningRate": "learning_rate 1 float",
    "ExponentialDecayLearningRate": "initial_learning_rate 1 float|decay_steps 2 uint32|"
    "decay_factor 3 float|staircase 4 bool|burnin_learning_rate 5 float|burnin_steps 6 uint32|"
    "min_learning_rate 7 float",
    "ManualStepLearningRate": "initial_learning_rate 1 float|schedule 2 *LearningRateSchedule|"
    "warmup 3 bool",
    "LearningRateSchedule": "step 1 uint32|learning_rate 2 float",
    "CosineDecayLearningRate": "learning_rate_base 1 float|total_steps 2 uint32|"
    "warmup_learning_rate 3 float|warmup_steps 4 uint32|hold_base_rate_steps 5 uint32",
    "InputReader": "label_map_path 1 string|shuffle 2 bool|num_epochs 5 uint32|"
    "load_instance_masks 7 bool|tf_record_input_reader 8 TFRecordInputReader input_reader|"
    "external_input_reader 9 ExternalInputReader input_reader|mask_type 10 InstanceMaskType|"
    "num_keypoints 16 uint32|max_number_of_boxes 21 int32|name 23 string",
    "TFRecordInputReader": "input_path 1 *string",
    "ExternalInputReader": "",
    "EvalConfig": "metrics_set 8 *string|use_moving_averages 11 bool|eval_instance_masks 12 bool|"
    "include_metrics_per_category 24 bool|batch_size 25 uint32",
}
EXTENDED = ("ExternalInputReader",)  # holds extensions, none of which is public
SCALARS = ("bool", "float", "int32", "string", "uint32")


def fault(text: str) -> str | None:
    """What the protobuf library finds wrong in a text, with line and column; None if nothing.

    A byte order mark is a fault: the API does not read past it.
    """
    from google.protobuf import text_format

    if text.startswith("\ufeff"):
        return "line 1, column 1: a byte order mark, which the Object Detection API can't read"
    try:
        text.encode()
        # The message class is made at run time; no stub knows it.
        text_format.Parse(text, _message(), allow_unknown_field=True, allow_unknown_extension=True)
    except text_format.ParseError as error:
        return _told(error)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        return f"line {line}: bytes that are no UTF-8"
    return None


def _told(error: Any) -> str:
    line, column = error.GetLine(), error.GetColumn()
    message = " ".join(str(error).split()).replace(f"{PACKAGE}.", "")
    if not line:
        return message
    _, _, rest = message.partition(" : ")
    place = f"line {line}, column {column}" if column else f"line {line}"
    return f"{place}: {rest or message}"


def is_enum(path: str) -> bool | None:
    """Whether a path leads to an enum; None if the field is not known here."""
    kind: str | None = ROOT
    try:
        for step in steps(path):
            kind = _fields(kind).get(step.name) if kind in MESSAGES else None
    except PathError:
        return None
    return None if kind is None else kind in ENUMS


@cache
def _fields(message: str) -> dict[str, str]:
    lines = filter(None, MESSAGES[message].split("|"))
    return {line.split()[0]: line.split()[2].lstrip("*") for line in lines}


def _message() -> Any:
    from google.protobuf import descriptor_pool, message_factory

    pool = descriptor_pool.DescriptorPool()  # our own: the API's protos may be loaded beside
    pool.Add(_file())
    found = pool.FindMessageTypeByName(f"{PACKAGE}.{ROOT}")
    return message_factory.GetMessageClass(found)()


def _file() -> FileDescriptorProto:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = FileDescriptorProto(name="tod_pipeline.proto", package=PACKAGE, syntax="proto2")
    for name, values in ENUMS.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for name, lines in MESSAGES.items():
        message = file.message_type.add(name=name)
        for line in filter(None, lines.split("|")):
            _add(message, *line.split())
        if name in EXTENDED:
            message.extension_range.add(start=1, end=1000)
    return file


def _add(message: DescriptorProto, name: str, number: str, kind: str, oneof: str = "") -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

    field = message.field.add(name=name, number=int(number))
    field.label = Proto.LABEL_REPEATED if kind.startswith("*") else Proto.LABEL_OPTIONAL
    kind = kind.lstrip("*")
    if kind in SCALARS:
        field.type = getattr(Proto, f"TYPE_{kind.upper()}")
    else:
        field.type = Proto.TYPE_ENUM if kind in ENUMS else Proto.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{kind}"
    if oneof:
        known = [one.name for one in message.oneof_decl]
        if oneof not in known:
            message.oneof_decl.add(name=oneof)
            known.append(oneof)
        field.oneof_index = known.index(oneof)
