"""What TensorFlow 2's training refuses, or ignores in silence, in a config that is well formed.

Each check names the source that it was read from, below object_detection/ of tensorflow/models
(as in tf-models-research-object-detection 2.8.0.post1). A message that a file lacks altogether (a
matcher, an anchor generator) is not asked for here: the API says so itself before it begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise

from tasks.core.text import printable
from tasks.formats.textproto.edit import Document
from tasks.pipeline_config.edit import current, effective, number
from tasks.pipeline_config.training import OPTIMIZERS, RATES

# model_builder.py: the maps under `tf_version.is_tf2()` and `tf_version.is_tf1()`.
RESNETS = ("50", "101", "152")
KNOWN: dict[str, frozenset[str]] = {
    "ssd": frozenset(
        {f"ssd_mobilenet_{v}{fpn}_keras" for v in ("v1", "v2") for fpn in ("", "_fpn")}
        | {f"ssd_resnet{depth}_v1_fpn_keras" for depth in RESNETS}
        | {f"ssd_efficientnet-b{number}_bifpn_keras" for number in range(8)}
    ),
    "faster_rcnn": frozenset(
        {f"faster_rcnn_resnet{depth}{fpn}_keras" for depth in RESNETS for fpn in ("", "_fpn")}
        | {"faster_rcnn_inception_resnet_v2_keras"}
    ),
    "center_net": frozenset(
        {f"hourglass_{depth}" for depth in (10, 20, 32, 52, 104)}
        | {f"resnet_v1_{depth}_fpn" for depth in (18, 34, 50, 101)}
        | {"resnet_v2_50", "resnet_v2_101"}
        | {"mobilenet_v2", "mobilenet_v2_fpn", "mobilenet_v2_fpn_sep_conv"}
    ),
}
# A name of TensorFlow 1 → the network of the zoo to take: that of its counterpart, which has the
# same name and `_keras`, or the one most like it in size and purpose if there is no counterpart.
FORMER = {
    "ssd_mobilenet_v1": "ssd_mobilenet_v2_320x320_coco17_tpu-8",
    "ssd_mobilenet_v1_fpn": "ssd_mobilenet_v1_fpn_640x640_coco17_tpu-8",
    "ssd_mobilenet_v2": "ssd_mobilenet_v2_320x320_coco17_tpu-8",
    "ssd_inception_v2": "efficientdet_d0_coco17_tpu-32",
    "ssd_inception_v3": "efficientdet_d1_coco17_tpu-32",
    "ssd_pnasnet": "efficientdet_d2_coco17_tpu-32",
    "faster_rcnn_inception_v2": "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8",
    "faster_rcnn_inception_resnet_v2": "faster_rcnn_inception_resnet_v2_640x640_coco17_tpu-8",
    "faster_rcnn_nas": "faster_rcnn_inception_resnet_v2_1024x1024_coco17_tpu-8",
    "faster_rcnn_pnas": "faster_rcnn_inception_resnet_v2_1024x1024_coco17_tpu-8",
    **{f"faster_rcnn_resnet{n}": f"faster_rcnn_resnet{n}_v1_640x640_coco17_tpu-8" for n in RESNETS},
    **{
        f"ssd_resnet{n}_v1_{kind}": f"ssd_resnet{n}_v1_fpn_640x640_coco17_tpu-8"
        for n in RESNETS
        for kind in ("fpn", "ppn")
    },
    **dict.fromkeys(
        (
            *("ssd_mobilenet_v2_fpn", "ssd_mobilenet_v1_ppn", "ssd_mobilenet_v2_mnasfpn"),
            *("ssd_mobilenet_v3_large", "ssd_mobilenet_v3_small", "ssd_mobilenet_edgetpu"),
            *("ssd_mobiledet_cpu", "ssd_mobiledet_dsp", "ssd_mobiledet_edgetpu"),
            *("ssd_mobiledet_gpu", "ssd_spaghettinet", "embedded_ssd_mobilenet_v1"),
        ),
        "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8",
    ),
}
# eval_util.py: EVAL_METRICS_CLASS_DICT.
METRICS = frozenset(
    {f"coco_{kind}_metrics" for kind in ("detection", "keypoint", "mask", "panoptic")}
    | {f"{weighted}pascal_voc_{kind}_metrics" for weighted in ("", "weighted_")
       for kind in ("detection", "instance_segmentation")}
    | {"oid_challenge_detection_metrics", "oid_challenge_segmentation_metrics"}
    | {"oid_V2_detection_metrics", "lvis_mask_metrics", "precision_at_recall_detection_metrics"}
)  # fmt: skip


def refused(document: Document, branch: str) -> Iterator[str]:
    """Why no training would begin, one clause each; `branch` is the meta-architecture."""
    yield from _extractor(document, branch)
    yield from _model(document, branch)
    stage = "second_stage_" if branch == "faster_rcnn" else ""
    at = f"model.{branch}.{stage}post_processing.batch_non_max_suppression"
    yield from _suppression(document, at)
    yield from _resizer(document, f"model.{branch}.image_resizer")
    if _is_true(document, "train_config.load_all_detection_checkpoint_vars"):
        yield "load_all_detection_checkpoint_vars is of TensorFlow 1; remove it"
    if number(document, "train_config.batch_size") < 1:
        yield "train_config.batch_size is 0"
    yield from _optimizer(document)
    yield from _augmentation(document)


def doubtful(document: Document, branch: str) -> Iterator[str]:
    """What is ignored, or works in some cases only, one clause each."""
    yield from _ignored(document)
    yield from _batches(document, branch)
    yield from _evaluation(document)


def _has(document: Document, path: str) -> bool:
    return current(document, path) is not None


def _is_true(document: Document, path: str) -> bool:
    return effective(document, path) is True


def _count(document: Document, path: str) -> int:
    """How many values a repeated field has; 0 if the path does not fit this file."""
    try:
        return document.count(path)
    except ValueError:
        return 0


# --- the model ----------------------------------------------------------------------------------


def extractor_fault(branch: str, name: str) -> str:
    """Why TensorFlow 2 can't build a model of this architecture with this extractor, as a clause;
    "" if it can."""
    if name in KNOWN[branch]:
        return ""
    if not name:
        return "feature_extractor has no type"
    said = f"feature_extractor {printable(name)}"
    if name in FORMER:
        counterpart = f"{name}_keras"
        exists = any(counterpart in names for names in KNOWN.values())
        hint = f"its counterpart is {counterpart}" if exists else "it has no counterpart"
        return f"{said} is of TensorFlow 1; {hint}; take {FORMER[name]} of the zoo"
    if others := [other for other, names in KNOWN.items() if name in names]:
        return f"{said} is one for {others[0]}, and the model is {branch}"
    close = get_close_matches(name, KNOWN[branch], 1, 0.8)
    hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(sorted(KNOWN[branch]))}"
    return f"{said} does not exist in TensorFlow 2 for {branch}; {hint}"


def _extractor(document: Document, branch: str) -> Iterator[str]:
    """builders/model_builder.py hands each extractor what the file says; each takes its own, as in
    models/ssd_resnet_v1_fpn_keras_feature_extractor.py."""
    at = f"model.{branch}.feature_extractor"
    name = str(effective(document, f"{at}.type") or "")
    if why := extractor_fault(branch, name):
        yield why
        return
    unused = [field for field in _not_taken(branch, name) if _has(document, f"{at}.{field}")]
    if branch == "ssd" and "mobilenet" not in name:
        flags = ("use_explicit_padding", "use_depthwise")
        unused += [flag for flag in flags if _is_true(document, f"{at}.{flag}")]
    yield from (f"feature_extractor.{field} is nothing that {name} takes" for field in unused)
    if "efficientnet" in name and number(document, f"{at}.depth_multiplier") != 1:
        yield f"feature_extractor.depth_multiplier must be 1 for {name}"
    if branch == "faster_rcnn":
        stride = number(document, f"{at}.first_stage_features_stride")
        takes = (8, 16) if "fpn" in name or "inception" in name else (16,)
        if stride not in takes:
            which = " or ".join(map(str, takes))
            yield f"feature_extractor.first_stage_features_stride is {stride}, not {which}"


def _not_taken(branch: str, name: str) -> tuple[str, ...]:
    """Fields that end in an unexpected argument: models/*_keras_feature_extractor.py."""
    if branch == "faster_rcnn":
        return () if "fpn" in name else ("fpn", "conv_hyperparams")
    if branch == "center_net":
        return ()
    never = ("replace_preprocessor_with_placeholder", "spaghettinet_arch_name")
    if "bifpn" in name:
        return ("fpn", "num_layers", *never)
    return ("bifpn", "num_layers" if "fpn" in name else "fpn", *never)


def _model(document: Document, branch: str) -> Iterator[str]:
    """builders/model_builder.py, matcher_builder.py, losses_builder.py."""
    at = f"model.{branch}"
    if _has(document, f"{at}.matcher.bipartite_matcher"):
        yield "matcher.bipartite_matcher is of TensorFlow 1; write argmax_matcher"
    if branch == "faster_rcnn":
        yield from _two_stages(document, at)
    if branch == "ssd":
        focal = _has(document, f"{at}.loss.classification_loss.weighted_sigmoid_focal")
        if focal and _has(document, f"{at}.loss.hard_example_miner"):
            yield "loss.hard_example_miner does not go with weighted_sigmoid_focal; remove it"
        sampler = f"{at}.loss.random_example_sampler"
        if _has(document, sampler) and number(document, f"{sampler}.positive_sample_fraction") <= 0:
            yield "loss.random_example_sampler.positive_sample_fraction must be above 0"


def _two_stages(document: Document, at: str) -> Iterator[str]:
    """builders/model_builder.py; meta_architectures/faster_rcnn_meta_arch.py."""
    stages = number(document, f"{at}.number_of_stages")
    if stages not in (1, 2, 3):
        yield f"number_of_stages is {stages}, not 1, 2 or 3"
    if _is_true(document, f"{at}.inplace_batchnorm_update"):
        yield "inplace_batchnorm_update is of TensorFlow 1; remove it"
    batch = number(document, f"{at}.second_stage_batch_size")
    most = number(document, f"{at}.first_stage_max_proposals")
    if batch > most:
        yield f"second_stage_batch_size {batch} is above first_stage_max_proposals {most}"
    if not 0 <= number(document, f"{at}.first_stage_nms_iou_threshold") <= 1:
        yield "first_stage_nms_iou_threshold is not between 0 and 1"


def _suppression(document: Document, at: str) -> Iterator[str]:
    """builders/post_processing_builder.py."""
    if not _has(document, at):
        return
    each = number(document, f"{at}.max_detections_per_class")
    total = number(document, f"{at}.max_total_detections")
    if each > total:
        yield f"max_detections_per_class {each} is above max_total_detections {total}"
    if not 0 <= number(document, f"{at}.iou_threshold") <= 1:
        yield "batch_non_max_suppression.iou_threshold is not between 0 and 1"
    if number(document, f"{at}.soft_nms_sigma") < 0:
        yield "soft_nms_sigma is below 0"
    both = ("use_combined_nms", "use_class_agnostic_nms")
    if all(_is_true(document, f"{at}.{name}") for name in both):
        yield f"{both[0]} and {both[1]} do not go together"


def _resizer(document: Document, at: str) -> Iterator[str]:
    """builders/image_resizer_builder.py; utils/config_util.py, get_spatial_image_size."""
    keep = f"{at}.keep_aspect_ratio_resizer"
    if _has(document, keep):
        low, high = (number(document, f"{keep}.{end}_dimension") for end in ("min", "max"))
        if low > high:
            yield f"keep_aspect_ratio_resizer: min_dimension {low} is above max_dimension {high}"
    if _has(document, f"{at}.pad_to_multiple_resizer"):
        yield "pad_to_multiple_resizer is nothing that training can use; take another resizer"


# --- the training -------------------------------------------------------------------------------


def _optimizer(document: Document) -> Iterator[str]:
    """builders/optimizer_builder.py; utils/learning_schedules.py."""
    at = "train_config.optimizer"
    chosen = [name for name in OPTIMIZERS if _has(document, f"{at}.{name}")]
    if not chosen:
        yield f"train_config has no optimizer; write one of {', '.join(OPTIMIZERS)}"
        return
    where = f"{at}.{chosen[0]}.learning_rate"
    kinds = [kind for kind in RATES if _has(document, f"{where}.{kind}")]
    if not kinds:
        yield f"{chosen[0]} has no learning_rate; write one of {', '.join(RATES)}"
    elif kinds[0] == "cosine_decay_learning_rate":
        yield from _cosine(document, f"{where}.{kinds[0]}")
    elif kinds[0] == "manual_step_learning_rate":
        yield from _manual(document, f"{where}.{kinds[0]}")


def _cosine(document: Document, at: str) -> Iterator[str]:
    names = ("total_steps", "warmup_steps", "learning_rate_base", "warmup_learning_rate")
    total, warmup, base, first = (number(document, f"{at}.{name}") for name in names)
    if total < warmup:
        yield f"total_steps {total} is below warmup_steps {warmup}"
    if warmup and base < first:
        yield f"learning_rate_base {base} is below warmup_learning_rate {first}"


def _manual(document: Document, at: str) -> Iterator[str]:
    count = _count(document, f"{at}.schedule")
    if not count:
        yield "manual_step_learning_rate has no schedule"
        return
    steps = [number(document, f"{at}.schedule[{n}].step") for n in range(count)]
    if any(after <= before for before, after in pairwise([0, *steps])):
        told = ", ".join(map(str, steps))
        yield f"manual_step_learning_rate: steps {told} do not rise from above 0"


def _augmentation(document: Document) -> Iterator[str]:
    """builders/preprocessor_builder.py; utils/autoaugment_utils.py, which needs tf.contrib."""
    for index in range(_count(document, "train_config.data_augmentation_options")):
        at = f"train_config.data_augmentation_options[{index}]"
        name = f"data_augmentation_options[{index}]"
        if _has(document, f"{at}.autoaugment_image"):
            yield f"{name}: autoaugment_image is of TensorFlow 1 (it needs tf.contrib); remove it"
        for end in ("min", "max"):
            sides = [f"{at}.random_pad_image.{end}_image_{side}" for side in ("height", "width")]
            if len([side for side in sides if _has(document, side)]) == 1:
                yield f"{name}: {end}_image_height and {end}_image_width go together"
            for step in ("random_crop_pad_image", "ssd_random_crop_pad_fixed_aspect_ratio"):
                if _count(document, f"{at}.{step}.{end}_padded_size_ratio") not in (0, 2):
                    yield f"{name}: {end}_padded_size_ratio needs two numbers"


# --- what is ignored ------------------------------------------------------------------------


def _ignored(document: Document) -> Iterator[str]:
    """What model_lib.py and legacy/trainer.py read, and model_lib_v2.py does not."""
    for name in ("freeze_variables", "update_trainable_variables"):
        if _count(document, f"train_config.{name}"):
            yield f"TensorFlow 2's training ignores {name}: every variable is trained"
    if number(document, "train_config.bias_grad_multiplier"):
        yield "TensorFlow 2's training ignores bias_grad_multiplier"
    if _has(document, "graph_rewriter"):
        yield "TensorFlow 2's training ignores graph_rewriter: nothing is quantized"
    if not number(document, "train_config.num_steps"):
        yield "num_steps is missing: the API's script wants --num_train_steps then"
    mine = current(document, "train_config.max_number_of_boxes")
    read = number(document, "train_input_reader.max_number_of_boxes")
    if isinstance(mine, int) and mine < read:
        yield (
            f"TensorFlow 2's training ignores train_config.max_number_of_boxes {mine}; it"
            f" reads train_input_reader.max_number_of_boxes, which is {read}"
        )


def _batches(document: Document, branch: str) -> Iterator[str]:
    """Pictures of a batch have one shape: builders/dataset_builder.py, inputs.py."""
    at = f"model.{branch}.image_resizer"
    keep = f"{at}.keep_aspect_ratio_resizer"
    loose = _has(document, keep) and effective(document, f"{keep}.pad_to_max_dimension") is not True
    loose |= any(_has(document, f"{at}.{n}_resizer") for n in ("identity", "conditional_shape"))
    batch = number(document, "train_config.batch_size")
    if loose and batch > 1:
        yield (
            f"a batch of {batch} needs pictures of one shape, and image_resizer does not see to"
            " it: write pad_to_max_dimension: true, or batch_size: 1"
        )


def _evaluation(document: Document) -> Iterator[str]:
    """eval_util.py; model_lib_v2.py, eval_continuously."""
    names = current(document, "eval_config.metrics_set")
    for name in names if isinstance(names, tuple) else (names,):
        if isinstance(name, str) and name not in METRICS:
            yield f"evaluation refuses metrics_set {printable(name)}"
    averages = effective(document, "train_config.optimizer.use_moving_average")
    if _is_true(document, "eval_config.use_moving_averages") and averages is False:
        yield "evaluation wants moving averages, and the optimizer keeps none: set both alike"
