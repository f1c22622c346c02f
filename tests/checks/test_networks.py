"""The doctor on a network: its checkpoint, its class head, its config."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.checks import checkpoint, networks
from tasks.checks.finding import Finding
from tasks.checks.project import check_project
from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.formats import tensor_bundle as bundle
from tasks.pipeline.job import ProjectJob
from tasks.pipeline.receipts import ExtractReceipt
from tests.support.archives import tensor_bundle
from tests.support.projects import install, network, project_job, scaffold

NAME = "some_ssd"
HEAD = "model/_box_predictor/_prediction_heads/class_predictions_with_background/"
BOXES = "model/_box_predictor/_box_prediction_head/_box_encoder_layers/0/bias/.ATTRIBUTES/V"
LAYER = "_class_predictor_layers/0/bias/.ATTRIBUTES/VARIABLE_VALUE"


def config_text(**changes: str) -> str:
    """A config as a learner has it when all is right; `changes` replaces text by text."""
    right = """
model {
  ssd {
    num_classes: 2
    feature_extractor { type: "ssd_mobilenet_v2_fpn_keras" }
  }
}
train_config: {
  batch_size: 2
  num_steps: 1000
  optimizer {
    momentum_optimizer {
      learning_rate {
        cosine_decay_learning_rate { learning_rate_base: .01 total_steps: 1000 warmup_steps: 100 }
      }
    }
  }
  fine_tune_checkpoint: "pre-trained/some_ssd/checkpoint/ckpt-0"
  fine_tune_checkpoint_type: "detection"
  fine_tune_checkpoint_version: V2
}
train_input_reader: {
  label_map_path: "cube_faces/training/label_map.pbtxt"
  tf_record_input_reader { input_path: "cube_faces/training/train.record" }
}
eval_input_reader: {
  label_map_path: "cube_faces/training/label_map.pbtxt"
  tf_record_input_reader { input_path: "cube_faces/training/test.record" }
}
"""
    for old, new in changes.items():
        assert old in right
        right = right.replace(old, new)
    return right


def files(classes: int = 90) -> dict[str, bytes]:
    """A network with 3 anchors a place and a class head for so many classes and background."""
    index, data = tensor_bundle(
        {HEAD + LAYER: bytes(4 * 3 * (classes + 1)), BOXES: bytes(4 * 3 * 4)}
    )
    return {"checkpoint/ckpt-0.index": index, "checkpoint/ckpt-0.data-00000-of-00001": data}


@pytest.fixture
def job(workspace: Workspace) -> ProjectJob:
    """A project whose network is here, with records that are there, and a config to train by."""
    made = project_job(workspace, NAME)
    scaffold(made)
    receipt = install(workspace, NAME, files())
    place = workspace.receipt("extract", NAME)
    receipts.write(place, msgspec.structs.replace(receipt, checkpoint_prefix="checkpoint/ckpt-0"))
    for split in ("train", "test"):
        workspace.record_file(made.name, split).write_bytes(b"")
    write(made, config_text())
    return made


def write(job: ProjectJob, content: str | bytes) -> None:
    path = job.workspace.training(job.name, NAME) / "pipeline.config"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def about(job: ProjectJob, kind: str) -> list[str]:
    """The network's rows of that kind, each as one line."""
    return [_line(one) for one in check_project(job) if one.kind == kind and one.subject == NAME]


def _line(one: Finding) -> str:
    return " | ".join((one.result, *one.details))


def test_a_network_that_is_fit_for_training_has_two_good_rows(job: ProjectJob) -> None:
    assert about(job, "error") == about(job, "warning") == []
    assert about(job, "ok") == [
        "checkpoint checkpoint/ckpt-0 is complete, its class head has 90 classes as its config"
        " says",
        "pipeline.config: 2 classes, 1000 steps of 2 pictures",
    ]


SOURCE = b"""model { %s {
  num_classes: 90
  feature_extractor { type: "%s" depth_multiplier: 1.0 fpn { additional_layer_depth: %d } }
} }"""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ((b"ssd", b"ssd_mobilenet_v2_fpn_keras", 256), ""),
        (
            (b"ssd", b"ssd_mobilenet_v2_fpn_keras", 128),
            "additional_layer_depth is 256, and that of its checkpoint is 128",
        ),
        (
            (b"ssd", b"ssd_resnet50_v1_fpn_keras", 256),
            'that of its checkpoint is "ssd_resnet50_v1_fpn_keras"',
        ),
        (
            (b"faster_rcnn", b"faster_rcnn_resnet50_keras", 256),
            "the model is ssd, and that of its checkpoint is faster_rcnn",
        ),
    ],
)
def test_a_config_of_another_network_than_its_checkpoint_is_an_error(
    job: ProjectJob, source: tuple[bytes, bytes, int], words: str
) -> None:
    (job.workspace.network(NAME) / "pipeline.config").write_bytes(SOURCE % source)
    errors = [line for line in about(job, "error") if "would not train" in line]
    assert words in "".join(errors)
    assert bool(errors) == bool(words)


@pytest.mark.parametrize("path", ['"PATH_TO_BE_CONFIGURED"', '"elsewhere/ckpt-0"'])
def test_without_a_checkpoint_the_network_itself_is_compared_with(
    job: ProjectJob, path: str
) -> None:
    own = job.workspace.network(NAME) / "pipeline.config"
    own.write_bytes(SOURCE % (b"faster_rcnn", b"faster_rcnn_resnet50_keras", 256))
    write(job, config_text(**{CHECKPOINT: path}))
    told = "the model is ssd, and that of some_ssd is faster_rcnn"
    assert any(told in line for line in about(job, "error"))


def test_full_wants_as_many_classes_as_the_checkpoint_has(job: ProjectJob) -> None:
    write(job, config_text(**{'type: "detection"': 'type: "full"'}))
    own = job.workspace.network(NAME) / "pipeline.config"
    own.write_bytes(SOURCE % (b"ssd", b"ssd_mobilenet_v2_fpn_keras", 256))
    assert "num_classes is 2, and that of its checkpoint is 90" in "".join(about(job, "error"))


def test_the_old_field_for_the_type_is_understood(job: ProjectJob) -> None:
    write(job, config_text(**{'fine_tune_checkpoint_type: "detection"': OLD}))
    assert about(job, "error") == about(job, "warning") == []
    write(job, config_text(**{'fine_tune_checkpoint_type: "detection"': ""}))
    assert "fine_tune_checkpoint_type is missing" in about(job, "error")[0]


OLD = "from_detection_checkpoint: true"


@pytest.mark.parametrize(
    ("tensor", "kind", "words"),
    [
        ("FeatureExtractor/MobilenetV2/Conv/weights", "detection", "it is of TensorFlow 1"),
        ("feature_extractor/conv1/kernel/.ATTRIBUTES/VARIABLE_VALUE", "classification", ""),
        (
            "feature_extractor/conv1/kernel/.ATTRIBUTES/VARIABLE_VALUE",
            "detection",
            "type is detection; this checkpoint's is classification",
        ),
    ],
)
def test_the_kind_of_a_checkpoint_is_told_by_its_tensors(
    job: ProjectJob, tensor: str, kind: str, words: str
) -> None:
    index, data = tensor_bundle({tensor: bytes(12)})
    (job.workspace.root / "mine.index").write_bytes(index)
    (job.workspace.root / "mine.data-00000-of-00001").write_bytes(data)
    write(job, config_text(**{CHECKPOINT: '"mine"', 'type: "detection"': f'type: "{kind}"'}))
    errors = "".join(about(job, "error"))
    assert words in errors
    assert bool(errors) == bool(words)


def test_needs_besides_boxes_are_told_by_the_file_too(job: ProjectJob) -> None:
    task = "center_net { keypoint_estimation_task { task_name: 'pose' }"
    write(job, config_text(**{"ssd {": task, "ssd_mobilenet_v2_fpn_keras": "hourglass_104"}))
    assert any("needs keypoints in the records" in line for line in about(job, "warning"))


def test_a_class_head_unlike_the_networks_own_config_is_an_error(
    job: ProjectJob, workspace: Workspace
) -> None:
    receipt = install(workspace, NAME, files(classes=37))
    place = workspace.receipt("extract", NAME)
    receipts.write(place, msgspec.structs.replace(receipt, checkpoint_prefix="checkpoint/ckpt-0"))
    assert about(job, "error") == ["its class head has 37 classes, its own config says 90"]


def test_a_network_that_was_changed_is_an_error(job: ProjectJob) -> None:
    (job.workspace.network(NAME) / "checkpoint/ckpt-0.data-00000-of-00001").unlink()
    assert about(job, "error")[0].startswith(
        "is not as it was extracted | checkpoint/ckpt-0.data-00000-of-00001 missing"
    )


def test_a_network_for_inference_is_said_to_be_that_and_no_more(workspace: Workspace) -> None:
    only = msgspec.structs.replace(network(NAME), not_trainable="inference only: not of the API")
    job = project_job(workspace, only)
    scaffold(job)
    assert about(job, "ok") == ["inference only: not of the API"]
    assert about(job, "error") == about(job, "warning") == []


def test_a_network_with_a_trainer_of_its_own_can_be_trained(workspace: Workspace) -> None:
    why = "the Object Detection API has no network of this kind"
    own = msgspec.structs.replace(network(NAME), trainer="embedded", not_trainable=why)
    job = project_job(workspace, own)
    scaffold(job)
    assert about(job, "ok") == ["`doit train` has a trainer of its own for it"]
    assert not any("can be trained" in one.result for one in check_project(job))


def test_needs_besides_boxes_are_a_warning(job: ProjectJob, workspace: Workspace) -> None:
    needy = msgspec.structs.replace(network(NAME), training_needs="it needs masks")
    assert about(project_job(workspace, needy), "warning") == ["it needs masks"]


def test_a_config_that_is_not_there_is_an_error(job: ProjectJob) -> None:
    (job.workspace.training(job.name, NAME) / "pipeline.config").unlink()
    assert about(job, "error")[0].startswith("there is no cube_faces/training/some_ssd/pipeline")


CHECKPOINT = '"pre-trained/some_ssd/checkpoint/ckpt-0"'


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("num_classes: 2", "num_classes: 1", "num_classes is 1, and the label map goes to id 2"),
        ("num_classes: 2", "", "model.ssd.num_classes is missing"),
        ("num_classes: 2", "num_classes: two", "line 4"),
        ("ssd {", "yolo {", "expected one meta-architecture"),
        (CHECKPOINT, '"PATH_TO_BE_CONFIGURED"', "fine_tune_checkpoint is PATH_TO_BE_CONFIGURED"),
        (CHECKPOINT, CHECKPOINT[:-1] + '.index"', "it names a file; write the prefix ckpt-0"),
        (CHECKPOINT, CHECKPOINT[:-1] + '.data-00000-of-00001"', "write the prefix ckpt-0"),
        (CHECKPOINT, '"pre-trained/some_ssd/checkpoint"', "it is a folder"),
        (CHECKPOINT, '"../pre-trained/some_ssd/checkpoint/ckpt-0"', "there is no ckpt-0.index"),
        ('type: "detection"', 'type: "classification"', "type is classification; the zoo's"),
        ('type: "detection"', 'type: "fine_tune"', "type is fine_tune; the zoo's"),
        ("version: V2", "version: V1", "version is V1, not V2"),
        ("  fine_tune_checkpoint_version: V2\n", "", "version is missing, not V2"),
        ("total_steps: 1000", "total_steps: 50", "total_steps 50 is below warmup_steps 100"),
        ("training/train.record", "training/trian.record", "trian.record does not exist"),
        ("training/train.record", "training/train.record-?????-of-00002", "does not exist"),
        ("label_map.pbtxt", "label_map.txt", "label_map.txt does not exist"),
        ('label_map_path: "cube_faces/training/label_map.pbtxt"', "", "label_map_path is missing"),
        ('"detection"', "“detection”", "typographic quote"),
        ('"detection"', '"detection', "does not end in its line"),
        ('"cube_faces/training/train.record"', r'"C:\Users\me\train.record"', "with /"),
        ('"cube_faces/training/train.record"', r'"C:\new\train.record"', "holds a backslash"),
        ('"cube_faces/training/train.record"', r"C:\Users\train.record", "line 24"),
        ("version: V2\n}", "version: V2", "line "),
        ("batch_size: 2", "batch_size: -2", "line 9"),
        (
            "num_steps: 1000",
            "num_step: 5",
            "line 10, column 3: train_config has no field num_step; did you mean num_steps?",
        ),
        (
            "batch_size: 2",
            'label_map_path: "a"',
            "line 9, column 3: train_config has no field label_map_path; it belongs in"
            " train_input_reader or eval_input_reader",
        ),
        (
            "feature_extractor { ",
            "feature_extractor { batch_norm_trainable: true ",
            "model.ssd.feature_extractor has no field batch_norm_trainable",
        ),
        ('"ssd_mobilenet_v2_fpn_keras"', '"ssd_mobilenet_v2"', "is of TensorFlow 1"),
        ("batch_size: 2", "load_all_detection_checkpoint_vars: true", "is of TensorFlow 1"),
    ],
)
def test_a_mistake_in_a_config_is_an_error_that_names_it(
    job: ProjectJob, old: str, new: str, words: str
) -> None:
    write(job, config_text(**{old: new}))
    errors = about(job, "error")
    assert any(words in line for line in errors), errors


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: b"", "it is empty"),
        (lambda text: b"\xef\xbb\xbf" + text, "byte order mark"),
        (lambda text: text.decode().encode("utf-16"), "not plain text"),
        (lambda text: b"\n\n<!DOCTYPE html>\n<html>" + text, "a web page"),
        (lambda text: b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "a web page"),
        (lambda text: text + b"\x00", "can't be read"),
        (lambda text: text + b"# \xff", "not UTF-8"),
        (lambda text: text + b" " * 4_000_001, "larger than 4 MB"),
    ],
)
def test_what_editors_and_browsers_do_is_told(
    job: ProjectJob, change: Callable[[bytes], bytes], words: str
) -> None:
    write(job, change(config_text().encode()))
    assert any(words in line for line in about(job, "error")), about(job, "error")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_are_no_fault(job: ProjectJob, newline: str) -> None:
    write(job, config_text().replace("\n", newline))
    assert about(job, "error") == []


def test_quotes_and_backslashes_in_remarks_are_no_fault() -> None:
    assert networks.text_faults("# “so” C:\\Users\na: 'it\\'s'  # ”\n".encode()) == []


def test_a_missing_test_record_only_keeps_from_evaluation(job: ProjectJob) -> None:
    job.workspace.record_file(job.name, "test").unlink()
    assert about(job, "error") == []
    assert "test.record does not exist" in about(job, "warning")[0]


def test_a_config_wider_than_the_label_map_is_a_warning(job: ProjectJob) -> None:
    write(job, config_text(**{"num_classes: 2": "num_classes: 90"}))
    assert "num_classes is 90, and the label map ends at id 2" in about(job, "warning")[0]


def test_what_stands_twice_is_merged_and_told(job: ProjectJob) -> None:
    write(job, config_text(**{"batch_size: 2": "batch_size: 2 batch_size: 3"}) + "model { ssd {} }")
    assert about(job, "error") == []
    told = about(job, "warning")[0]
    assert "line 9: train_config.batch_size stands in line 9 too: the last one counts" in told
    assert "model stands in line 2 too: the two are merged" in told


def test_records_in_pieces_are_found_by_their_pattern(job: ProjectJob) -> None:
    write(job, config_text(**{"training/train.record": "training/train.record-?????-of-00002"}))
    folder = job.workspace.training(job.name)
    (folder / "train.record-00000-of-00002").write_bytes(b"")
    assert about(job, "error") == []


def test_a_data_file_of_another_length_is_no_checkpoint(tmp_path: Path) -> None:
    for name, content in files().items():
        (tmp_path / Path(name).name).write_bytes(content + b"x" * name.endswith("1"))
    assert "bytes and not" in checkpoint.checkpoint_fault(tmp_path / "ckpt-0")
    (tmp_path / "ckpt-0.data-00000-of-00001").unlink()
    assert "there is no ckpt-0.data" in checkpoint.checkpoint_fault(tmp_path / "ckpt-0")
    (tmp_path / "ckpt-0.index").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    assert "ckpt-0.index is damaged" in checkpoint.checkpoint_fault(tmp_path / "ckpt-0")


SECOND_STAGE = "model/_mask_rcnn_box_predictor/_class_prediction_head/_class_predictor_layers/1/"
HEATMAP = "model/_prediction_head_dict/object_center/"


@pytest.mark.parametrize(
    ("shapes", "branch", "background", "classes"),
    [
        ({f"{HEAD}{LAYER}": (546,), BOXES: (24,)}, "ssd", True, {90}),
        ({f"{HEAD}{LAYER}": (810,), BOXES: (36,)}, "ssd", False, {90}),
        ({f"{HEAD}{LAYER}": (547,), BOXES: (24,)}, "ssd", True, {0}),
        (
            {
                f"{HEAD}0/{LAYER}": (9,),
                f"{HEAD}1/{LAYER}": (18,),
                BOXES.replace("_box_prediction_head/", "_prediction_heads/box_encodings/0/"): (12,),
                BOXES.replace("_box_prediction_head/", "_prediction_heads/box_encodings/1/"): (24,),
            },
            "ssd",
            True,
            {2},
        ),
        (
            {f"{SECOND_STAGE}bias/.A": (91,), f"{SECOND_STAGE}kernel/.A": (2048, 91)},
            "faster_rcnn",
            True,
            {90},
        ),
        (
            {
                f"{HEATMAP}0/layer_with_weights-0/bias/.A": (256,),
                f"{HEATMAP}0/layer_with_weights-1/bias/.A": (90,),
                f"{HEATMAP}1/layer_with_weights-0/bias/.A": (256,),
                f"{HEATMAP}1/layer_with_weights-1/bias/.A": (90,),
            },
            "center_net",
            True,
            {90},
        ),
        ({"model/weights/classes": (6,)}, "ssd", True, set()),
    ],
)
def test_class_heads_tell_how_many_classes_there_are(
    shapes: dict[str, tuple[int, ...]], branch: str, background: bool, classes: set[int]
) -> None:
    assert checkpoint.class_counts(shapes, branch, background) == classes


@given(st.data())
def test_a_damaged_index_does_no_worse_than_a_value_error(data: st.DataObject) -> None:
    index = bytearray(files()["checkpoint/ckpt-0.index"])
    for _ in range(data.draw(st.integers(1, 6))):
        index[data.draw(st.integers(0, len(index) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        bundle.shapes(bytes(index))


def test_the_shapes_of_an_index_are_those_that_were_written() -> None:
    assert bundle.shapes(files()["checkpoint/ckpt-0.index"]) == {HEAD + LAYER: (273,), BOXES: (12,)}


def test_a_config_says_its_classes_by_the_model_that_is_really_there() -> None:
    from tasks.formats.textproto.edit import Document

    read = Document("model { faster_rcnn { num_classes: 7 } }  # ssd { num_classes: 3 }")
    assert networks.num_classes(read) == ("faster_rcnn", 7)


def test_receipts_that_are_damaged_do_no_harm(job: ProjectJob) -> None:
    for step in ("extract", "scaffold", "records"):
        job.workspace.receipt(step, NAME).parent.mkdir(parents=True, exist_ok=True)
        job.workspace.receipt(step, NAME).write_text("{")
    assert any("is not here yet" in line for line in about(job, "warning"))
    assert receipts.read(job.workspace.receipt("extract", NAME), ExtractReceipt) is None
