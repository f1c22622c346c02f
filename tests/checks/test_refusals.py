"""What TensorFlow 2's training refuses in a config that is well formed."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tasks.formats.textproto.edit import Document
from tasks.pipeline_config import refusals
from tasks.pipeline_config.refusals import doubtful, refused
from tasks.pipeline_config.rules import branch_of, needs
from tasks.pipeline_config.schema import fault, unknown_fields
from tasks.pipeline_config.trainable import impossible_values
from tests.support.pipeline_configs import ALL

COSINE = "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"
SSD = "model.ssd"
TWO = "model.faster_rcnn"
MATCHER = "argmax_matcher { matched_threshold: 0.5 unmatched_threshold: 0.5 }"
NMS = "post_processing.batch_non_max_suppression"


def said(made: Document) -> str:
    return " | ".join(refused(made, branch_of(made)))


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_refused_in_a_sound_file(name: str) -> None:
    made = Document(ALL[name])
    assert list(unknown_fields(made)) == []
    assert list(impossible_values(made)) == []
    assert said(made) == ""
    assert list(doubtful(made, branch_of(made))) == []


# Of which sound file, which field, set to what (None: removed), and what is said of it.
REFUSED: list[tuple[str, str, Any, str]] = [
    (
        "SSD",
        f"{SSD}.feature_extractor.type",
        "ssd_mobilenet_v2",
        "ssd_mobilenet_v2_keras; take",
    ),
    (
        "SSD",
        f"{SSD}.feature_extractor.type",
        "faster_rcnn_resnet50_keras",
        "one for faster_rcnn",
    ),
    (
        "SSD",
        f"{SSD}.feature_extractor.type",
        "ssd_mobilenet_v2_fpn_kera",
        "did you mean ssd_mob",
    ),
    ("SSD", f"{SSD}.feature_extractor.type", "yolo", "it has ssd_efficientnet-b0_bifpn_keras"),
    ("SSD", f"{SSD}.feature_extractor.type", None, "feature_extractor has no type"),
    ("SSD", f"{SSD}.feature_extractor.num_layers", 6, "num_layers is nothing that ssd_mob"),
    ("SSD", f"{SSD}.feature_extractor.spaghettinet_arch_name", "s", "is nothing that ssd_mob"),
    ("SSD", f"{SSD}.feature_extractor.type", "ssd_mobilenet_v2_keras", "fpn is nothing that"),
    ("EfficientDet", f"{SSD}.feature_extractor.use_depthwise", True, "is nothing that"),
    ("EfficientDet", f"{SSD}.feature_extractor.depth_multiplier", 0.5, "must be 1"),
    ("SSD", f"{SSD}.matcher.bipartite_matcher.use_matmul_gather", True, "write argmax_matcher"),
    ("SSD", f"{SSD}.loss.hard_example_miner.num_hard_examples", 3, "does not go with"),
    ("SSD", f"{SSD}.{NMS}.max_detections_per_class", 101, "101 is above max_total_detections"),
    ("SSD", f"{SSD}.{NMS}.iou_threshold", 60, "not between 0 and 1"),
    ("SSD", f"{SSD}.{NMS}.soft_nms_sigma", -0.5, "soft_nms_sigma is below 0"),
    ("Faster R-CNN", f"{TWO}.inplace_batchnorm_update", True, "is of TensorFlow 1"),
    ("Faster R-CNN", f"{TWO}.number_of_stages", 4, "is 4, not 1, 2 or 3"),
    ("Faster R-CNN", f"{TWO}.second_stage_batch_size", 500, "500 is above first_stage_max"),
    ("Faster R-CNN", f"{TWO}.feature_extractor.first_stage_features_stride", 8, "is 8, not 16"),
    ("Faster R-CNN", f"{TWO}.feature_extractor.fpn.min_level", 2, "fpn is nothing that"),
    (
        "Faster R-CNN",
        f"{TWO}.image_resizer.keep_aspect_ratio_resizer.min_dimension",
        800,
        "min_dimension 800 is above max_dimension 128",
    ),
    ("SSD", "train_config.load_all_detection_checkpoint_vars", True, "is of TensorFlow 1"),
    ("SSD", "train_config.batch_size", 0, "batch_size is 0"),
    ("SSD", f"{COSINE}.warmup_learning_rate", 0.5, "0.04 is below warmup_learning_rate 0.5"),
    ("SSD", f"{COSINE}.total_steps", 10, "total_steps 10 is below warmup_steps 2000"),
    (
        "CenterNet keypoints",
        "train_config.optimizer.adam_optimizer.learning_rate.manual_step_learning_rate"
        ".schedule[1].step",
        100000,
        "steps 100000, 100000 do not rise",
    ),
    (
        "EfficientDet",
        "train_config.data_augmentation_options[1].autoaugment_image.policy_name",
        "v0",
        "[1]: autoaugment_image is of TensorFlow 1",
    ),
    (
        "EfficientDet",
        "train_config.data_augmentation_options[1].random_pad_image.min_image_width",
        9,
        "min_image_height and min_image_width go together",
    ),
]


def with_fault(name: str, path: str, value: Any) -> Document:
    """The sound file with this one value set."""
    made = Document(ALL[name].replace(MATCHER, "") if "matcher" in path else ALL[name])
    return made.remove(path) if value is None else made.set(path, value)


@pytest.mark.parametrize(("name", "path", "value", "words"), REFUSED)
def test_what_is_refused_is_named(name: str, path: str, value: Any, words: str) -> None:
    changed = with_fault(name, path, value)
    assert fault(changed.text) is None
    assert words in said(changed)
    assert " | " not in said(changed)


ANCHORS = f"{SSD}.anchor_generator.multiscale_anchor_generator"
IMPOSSIBLE: list[tuple[str, str, Any, str]] = [
    ("SSD", f"{SSD}.image_resizer.fixed_shape_resizer.height", 0, "height is 0: it must be above"),
    ("SSD", f"{SSD}.image_resizer.fixed_shape_resizer.width", -320, "width is -320: it must be ab"),
    ("SSD", f"{ANCHORS}.scales_per_octave", 0, "scales_per_octave is 0"),
    ("SSD", f"{ANCHORS}.anchor_scale", -4.0, "anchor_scale is -4"),
    ("SSD", f"{ANCHORS}.aspect_ratios", (1.0, 0.0), "aspect_ratios is 0"),
    ("SSD", f"{ANCHORS}.min_level", 8, "generator.min_level 8 is above max_level 7"),
    ("SSD", f"{SSD}.feature_extractor.fpn.max_level", 2, "fpn.min_level 3 is above max_level 2"),
    ("SSD", f"{SSD}.{NMS}.max_total_detections", 0, "max_total_detections is 0"),
    ("SSD", f"{SSD}.{NMS}.score_threshold", float("nan"), "score_threshold is nan: write a number"),
    ("SSD", f"{COSINE}.learning_rate_base", float("nan"), "learning_rate_base is nan"),
    ("SSD", f"{COSINE}.learning_rate_base", float("inf"), "learning_rate_base is inf"),
    ("SSD", f"{COSINE}.warmup_learning_rate", -0.1, "warmup_learning_rate is -0.1: it must not"),
    ("Faster R-CNN", f"{TWO}.initial_crop_size", 0, "initial_crop_size is 0"),
    (
        "CenterNet keypoints",
        "train_config.optimizer.adam_optimizer.learning_rate.manual_step_learning_rate"
        ".initial_learning_rate",
        -1.0,
        "initial_learning_rate is -1",
    ),
]


@pytest.mark.parametrize(("name", "path", "value", "words"), IMPOSSIBLE)
def test_a_value_that_no_training_can_use_is_named(
    name: str, path: str, value: Any, words: str
) -> None:
    changed = with_fault(name, path, value)
    assert fault(changed.text) is None
    (told,) = impossible_values(changed)
    assert words in told


def test_an_augmentation_that_names_none_is_refused() -> None:
    made = Document(
        ALL["SSD"].replace("train_config {", "train_config { data_augmentation_options { }", 1)
    )
    assert list(impossible_values(made)) == [
        "data_augmentation_options[0] names no augmentation; remove it"
    ]
    typo = Document(made.text.replace("options { }", "options { random_flip { } }", 1))
    assert list(impossible_values(typo)) == []


def test_a_training_without_optimizer_or_rate_is_refused() -> None:
    without = Document("model { center_net { feature_extractor { type: 'hourglass_104' } } }")
    assert said(without).startswith("train_config has no optimizer")
    assert "adam_optimizer has no learning_rate" in said(
        Document(without.text + "train_config { optimizer { adam_optimizer { } } }")
    )


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("train_config.freeze_variables", "Conv1", "ignores freeze_variables"),
        ("train_config.update_trainable_variables", "Head", "ignores update_trainable_var"),
        ("train_config.bias_grad_multiplier", 2.0, "ignores bias_grad_multiplier"),
        ("train_config.max_number_of_boxes", 20, "which is 100"),
        ("train_config.num_steps", 0, "num_steps is missing"),
        ("graph_rewriter.quantization.delay", 500, "nothing is quantized"),
        ("eval_config.metrics_set", "coco_metrics", "evaluation refuses metrics_set coco_metrics"),
        ("eval_config.use_moving_averages", True, "the optimizer keeps none"),
        (
            f"{TWO}.image_resizer.keep_aspect_ratio_resizer.pad_to_max_dimension",
            False,
            "a batch of 64 needs pictures of one shape",
        ),
    ],
)
def test_what_is_passed_over_is_named(path: str, value: object, words: str) -> None:
    changed = Document(ALL["Faster R-CNN"]).set(path, value)  # type: ignore[arg-type]
    assert fault(changed.text) is None
    (line,) = doubtful(changed, "faster_rcnn")
    assert words in line
    assert said(changed) == ""


def test_every_former_name_is_told_with_a_network_of_the_zoo() -> None:
    with open(Path(__file__).parents[2] / "config/zoo.toml", "rb") as file:
        zoo = tomllib.load(file)["networks"]
    for name, network in refusals.FORMER.items():
        branch = "faster_rcnn" if name.startswith("faster_rcnn") else "ssd"
        assert network in zoo
        assert network in refusals.extractor_fault(branch, name)
        assert name not in refusals.KNOWN[branch]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Mask R-CNN", "a mask for each object"),
        ("CenterNet keypoints", "keypoints in the records and in the label map"),
        ("CenterNet", ""),
        ("SSD", ""),
    ],
)
def test_what_a_training_needs_is_told_by_the_file(name: str, words: str) -> None:
    told = needs(Document(ALL[name]))
    assert words in told
    assert bool(told) == bool(words)


def test_a_mask_head_that_is_switched_off_needs_no_masks() -> None:
    assert needs(Document(ALL["Mask R-CNN"]).set(f"{TWO}.number_of_stages", 2)) == ""
