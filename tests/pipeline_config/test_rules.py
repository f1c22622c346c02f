"""What is changed in a network's pipeline.config, by the meta-architecture that is there."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.config.types import Project, Training
from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.values import Word
from tasks.pipeline_config import edit, rules
from tasks.pipeline_config.edit import UnsuitableError
from tasks.pipeline_config.training import TrainingSettings, training_settings
from tests.support.pipeline_configs import (
    ALL,
    BRANCH,
    CENTER_NET,
    CENTER_NET_KEYPOINTS,
    EFFICIENTDET,
    FASTER_RCNN,
    MASK_RCNN,
    SSD,
)

SCHEDULE = "train_config.optimizer.{}.learning_rate.{}"
COSINE = SCHEDULE.format("momentum_optimizer", "cosine_decay_learning_rate")


def facts(**settings: Any) -> rules.Facts:
    return rules.Facts(
        classes=2,
        checkpoint="pre-trained/net/checkpoint/ckpt-301",
        label_map="cubes/training/label_map.pbtxt",
        train_record="cubes/training/train.record",
        test_record="cubes/training/test.record",
        settings=TrainingSettings(**settings),
    )


def tailored(text: str, **settings: Any) -> Document:
    base = edit.read_own(text.encode())
    return edit.tailored(base, rules.changes(base, facts(**settings)))


@pytest.mark.parametrize("name", ALL)
def test_every_meta_architecture_gets_what_training_needs(name: str) -> None:
    document = tailored(ALL[name])
    meant = {
        f"model.{BRANCH[name]}.num_classes": 2,
        "train_config.batch_size": 2,
        "train_config.num_steps": 1000,
        "train_config.fine_tune_checkpoint": "pre-trained/net/checkpoint/ckpt-301",
        "train_config.fine_tune_checkpoint_type": "detection",
        "train_config.fine_tune_checkpoint_version": Word("V2"),
        "train_input_reader.label_map_path": "cubes/training/label_map.pbtxt",
        "train_input_reader.tf_record_input_reader.input_path": "cubes/training/train.record",
        "eval_input_reader[0].label_map_path": "cubes/training/label_map.pbtxt",
        "eval_input_reader[0].tf_record_input_reader.input_path": "cubes/training/test.record",
    }
    assert {path: document.get(path) for path in meant} == meant
    assert document.get("train_config.use_bfloat16") in (None, False)
    assert document.get("train_config.sync_replicas") in (None, False)
    assert document.get("train_config.replicas_to_aggregate") in (None, 1)
    assert "PATH_TO_BE_CONFIGURED" not in document.text


@pytest.mark.parametrize("name", ALL)
def test_only_the_branch_that_is_there_is_changed(name: str) -> None:
    document = tailored(ALL[name], max_detections=4)
    branches = [b for b in rules.BRANCHES if document.count(f"model.{b}")]
    assert branches == [BRANCH[name]]


def test_comments_and_all_else_stay() -> None:
    """Nothing but the lines of changed values differs: as many lines, in the same order."""
    before, after = FASTER_RCNN.splitlines(), tailored(FASTER_RCNN).text.splitlines()
    assert len(before) == len(after)
    changed = [new.strip() for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [
        "num_classes: 2",
        "batch_size: 2",
        "sync_replicas: false",
        "replicas_to_aggregate: 1",
        "num_steps: 1000",
        "learning_rate_base: 0.00125",
        "total_steps: 1000",
        "warmup_learning_rate: 0.000416656",
        "warmup_steps: 100",
        'fine_tune_checkpoint: "pre-trained/net/checkpoint/ckpt-301"',
        'fine_tune_checkpoint_type: "detection"',
        "use_bfloat16: false  # works only on TPUs",
        'label_map_path: "cubes/training/label_map.pbtxt"',
        'input_path: "cubes/training/train.record"',
        'label_map_path: "cubes/training/label_map.pbtxt"',
        'input_path: "cubes/training/test.record"',
    ]


def test_what_the_files_of_the_zoo_lack_is_inserted() -> None:
    lines = set(tailored(MASK_RCNN).text.splitlines()) - set(MASK_RCNN.splitlines())
    assert '  fine_tune_checkpoint_type: "detection"' in lines
    assert "  fine_tune_checkpoint_version: V2" in lines
    assert '  label_map_path: "cubes/training/label_map.pbtxt"' in lines
    assert "use_bfloat16" not in tailored(SSD).text  # false by default


@pytest.mark.parametrize("text", [FASTER_RCNN, EFFICIENTDET])
def test_detection_limits_lie_where_the_branch_has_them(text: str) -> None:
    document = tailored(text, max_detections=12, max_detections_per_class=4)
    where = rules.SUPPRESSION[rules.branch_of(document)]
    assert document.get(f"{where}.max_total_detections") == 12
    assert document.get(f"{where}.max_detections_per_class") == 4


def test_a_class_never_has_more_detections_than_all_together() -> None:
    where = rules.SUPPRESSION["faster_rcnn"]
    fewer = tailored(FASTER_RCNN, max_detections=4)
    assert fewer.get(f"{where}.max_detections_per_class") == 4
    more = tailored(FASTER_RCNN, max_detections_per_class=500)
    assert more.get(f"{where}.max_total_detections") == 500


def test_limits_that_are_not_set_stay_as_the_network_has_them() -> None:
    where = rules.SUPPRESSION["faster_rcnn"]
    assert tailored(FASTER_RCNN).get(f"{where}.max_total_detections") == 300
    assert tailored(FASTER_RCNN).get("train_input_reader.max_number_of_boxes") is None
    assert tailored(FASTER_RCNN, max_boxes=4).get("train_input_reader.max_number_of_boxes") == 4


def test_a_center_net_limits_its_centres() -> None:
    document = tailored(CENTER_NET, max_detections=7)
    assert document.get("model.center_net.object_center_params.max_box_predictions") == 7
    assert "batch_non_max_suppression" not in document.text


def test_keypoints_get_the_label_map_and_records_take_the_place_of_another_reader() -> None:
    document = tailored(CENTER_NET_KEYPOINTS)
    path = "model.center_net.keypoint_label_map_path"
    assert document.get(path) == "cubes/training/label_map.pbtxt"
    assert document.count("train_input_reader.external_input_reader") == 0
    unknown = "external_input_reader { [some.private.reader] { input_path: '/far/away' } }"
    text = CENTER_NET_KEYPOINTS.replace("external_input_reader { }", unknown)
    assert "/far/away" not in tailored(text).text


def test_every_reader_for_evaluation_is_set() -> None:
    again = SSD + SSD[SSD.index("eval_input_reader") :]
    document = tailored(again)
    for index in range(2):
        assert document.get(f"eval_input_reader[{index}].label_map_path") == facts().label_map


def test_several_records_become_one() -> None:
    text = SSD.replace(
        'input_path: "PATH_TO_BE_CONFIGURED"', 'input_path: ["a", "b"] input_path: "c"', 1
    )
    document = tailored(text)
    path = "train_input_reader.tf_record_input_reader.input_path"
    assert document.get(path) == ("cubes/training/train.record",)


def test_the_device_decides_what_only_some_can() -> None:
    document = tailored(FASTER_RCNN, device="tpu", replicas=8, batch_size=64)
    values = [
        document.get(f"train_config.{name}")
        for name in ("use_bfloat16", "sync_replicas", "replicas_to_aggregate")
    ]
    assert values == [True, True, 8]
    assert tailored(SSD, device="tpu").get("train_config.use_bfloat16") is True


# --- the learning rate --------------------------------------------------------------------------


@pytest.mark.parametrize("num_steps", [1, 5, 10, 99, 1000, 25_000, 1_000_000])
@pytest.mark.parametrize("name", ["Faster R-CNN", "Mask R-CNN", "SSD", "EfficientDet"])
def test_a_schedule_is_never_one_that_the_api_refuses(name: str, num_steps: int) -> None:
    document = tailored(ALL[name], num_steps=num_steps)
    total, warmup = document.get(f"{COSINE}.total_steps"), document.get(f"{COSINE}.warmup_steps")
    assert isinstance(total, int)
    assert isinstance(warmup, int)
    assert total == num_steps
    assert warmup < total  # equal: the API divides by nothing
    assert warmup <= num_steps / 10  # most of the training is not warm-up
    rate = document.get(f"{COSINE}.learning_rate_base")
    first = document.get(f"{COSINE}.warmup_learning_rate")
    assert isinstance(rate, float)
    assert isinstance(first, float)
    assert first <= rate


def test_a_smaller_batch_learns_in_smaller_steps_and_a_larger_one_in_no_larger() -> None:
    rates = [
        tailored(FASTER_RCNN, batch_size=batch).get(f"{COSINE}.learning_rate_base")
        for batch in (1, 2, 64, 128)
    ]
    assert rates == [0.000625, 0.00125, 0.04, 0.04]


def test_a_rate_that_was_asked_for_is_taken_and_the_warm_up_follows() -> None:
    document = tailored(FASTER_RCNN, learning_rate=0.08)
    assert document.get(f"{COSINE}.learning_rate_base") == 0.08
    assert document.get(f"{COSINE}.warmup_learning_rate") == 0.026666


def test_adam_keeps_its_rate() -> None:
    where = SCHEDULE.format("adam_optimizer", "cosine_decay_learning_rate")
    document = tailored(CENTER_NET)
    assert document.get(f"{where}.learning_rate_base") == 0.001
    assert document.get(f"{where}.total_steps") == 1000


def test_steps_of_a_hand_made_schedule_move_along_and_stay_apart() -> None:
    where = SCHEDULE.format("adam_optimizer", "manual_step_learning_rate")
    for num_steps, meant in ((1000, [400, 800]), (1, [1, 2])):
        document = tailored(CENTER_NET_KEYPOINTS, num_steps=num_steps)
        assert [document.get(f"{where}.schedule[{i}].step") for i in range(2)] == meant


def test_an_exponential_decay_and_a_held_rate_move_along() -> None:
    where = SCHEDULE.format("rms_prop_optimizer", "exponential_decay_learning_rate")
    text = """model { ssd { num_classes: 9 } }
train_config { num_steps: 10000 optimizer { rms_prop_optimizer { learning_rate {
  exponential_decay_learning_rate { decay_steps: 800 burnin_steps: 500 }
} } } }"""
    document = tailored(text)
    assert document.get(f"{where}.decay_steps") == 80
    assert document.get(f"{where}.burnin_steps") == 100
    held = FASTER_RCNN.replace(
        "warmup_steps: 2000", "warmup_steps: 2000 hold_base_rate_steps: 20000"
    )
    assert tailored(held).get(f"{COSINE}.hold_base_rate_steps") == 500


def test_what_the_schedule_leaves_to_its_defaults_is_given() -> None:
    """By default a warm-up takes 10000 steps, and ends at a rate of 0.0002."""
    text = FASTER_RCNN.replace("warmup_steps: 2000", "").replace(".013333", "0.0002")
    assert tailored(text).get(f"{COSINE}.warmup_steps") == 100


# --- the user's overrides -----------------------------------------------------------------------


def test_an_override_goes_before_every_rule() -> None:
    overrides = {"train_config.batch_size": 5, "eval_input_reader.label_map_path": "mine.txt"}
    document = tailored(FASTER_RCNN, batch_size=3, overrides=overrides)
    assert document.get("train_config.batch_size") == 5
    assert document.get("eval_input_reader[0].label_map_path") == "mine.txt"


def test_text_becomes_an_enums_word_where_the_field_is_one() -> None:
    overrides = {
        "model.faster_rcnn.second_stage_post_processing.score_converter": "SIGMOID",  # stands there
        "train_input_reader.mask_type": "PNG_MASKS",  # known
        "train_config.fine_tune_checkpoint_type": "FULL",  # a string, whatever its letters
        "eval_config.export_path": "results",
    }
    text = tailored(FASTER_RCNN, overrides=overrides).text
    for line in (
        "score_converter: SIGMOID",
        "mask_type: PNG_MASKS",
        'fine_tune_checkpoint_type: "FULL"',
        'export_path: "results"',
    ):
        assert line in text


def test_an_override_for_another_meta_architecture_is_passed_over() -> None:
    overrides = {"model.ssd.freeze_batchnorm": True}
    assert tailored(SSD, overrides=overrides).get("model.ssd.freeze_batchnorm") is True
    assert "ssd" not in tailored(FASTER_RCNN, overrides=overrides).text


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("train_config.batch_size", "many", "batch_size"),
        ("train_config.batch_size.x", 1, "is a value and holds no fields"),
        ("train_config", 1, "a message stands there"),
        ("train_config.data_augmentation_options[4].x", 1, "has 1 values"),
        (COSINE.replace("cosine_decay", "constant") + ".learning_rate", 1.0, "oneof"),
        ("train_config.num_step", 5, "train_config has no field num_step; did you mean num_steps"),
        ("train_config.label_map_path", "a", "it belongs in train_input_reader or eval_input_read"),
        ("graph_rewriter.quantization.mode", "QUICK", "graph_rewriter.quantization has no field"),
    ],
)
def test_an_override_that_does_not_fit_is_refused(path: str, value: object, why: str) -> None:
    with pytest.raises(UnsuitableError, match=why):
        tailored(FASTER_RCNN, overrides={path: value})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "found none of"),
        ("model { }", "found none of"),
        ("model { experimental_model { name: 'x' } }", "found none of"),
        ("model { ssd { num_classes: 'x' } }", "num_classes"),
        ("<!DOCTYPE html>", "web page"),
        ("model { ssd { num_classes: “1” } }", "typographic quote"),
    ],
)
def test_a_file_that_can_not_be_tailored_is_refused(text: str, why: str) -> None:
    with pytest.raises(UnsuitableError, match=why):
        tailored(text)


@pytest.mark.parametrize(
    ("text", "branch"),
    [
        ("model { ssd { } ssd { } }", "ssd"),
        ("model { ssd { } } model { ssd { } }", "ssd"),
        ("model { ssd { num_classes: 1 num_classes: 5 } }", "ssd"),
        ("model { ssd { num_classes: 1 } faster_rcnn { } }", "faster_rcnn"),
    ],
)
def test_what_stands_twice_is_tailored_where_it_counts(text: str, branch: str) -> None:
    document = tailored(text)
    assert rules.branch_of(document) == branch
    assert document.get(f"model.{branch}.num_classes") == 2


def test_a_byte_order_mark_is_dropped_because_the_api_can_not_read_it() -> None:
    document = edit.read_own(b"\xef\xbb\xbf" + SSD.encode())
    assert document.content == SSD.encode()


def test_settings_of_one_network_go_before_those_of_the_project() -> None:
    project = Project(
        name="cubes",
        labels=("one",),
        networks=("a", "b"),
        training=Training(batch_size=4, num_steps=10, overrides={"x.y": 1, "x.z": 1}),
        training_of={"b": Training(batch_size=1, overrides={"x.y": 2})},
    )
    assert training_settings(project, "a").batch_size == 4
    assert training_settings(project, "b") == TrainingSettings(
        batch_size=1, num_steps=10, overrides={"x.y": 2, "x.z": 1}
    )
