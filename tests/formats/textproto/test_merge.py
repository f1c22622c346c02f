"""Fields that stand several times mean what they mean to the Object Detection API: it merges."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.path import PathError, merged
from tasks.pipeline_config import schema

RATE = "train_config.optimizer.adam_optimizer.learning_rate"
SCALARS: dict[str, list[Any]] = {
    "train_config.batch_size": [1, 2, 3],
    "train_config.fine_tune_checkpoint": ["a", "b"],
    f"{RATE}.constant_learning_rate.learning_rate": [0.5, 0.25],
    f"{RATE}.cosine_decay_learning_rate.total_steps": [7, 8],
    "train_config.optimizer.rms_prop_optimizer.decay": [0.5, 0.75],
    "model.ssd.num_classes": [1, 2, 3],
    "model.center_net.num_classes": [4, 5],
    "model.faster_rcnn.image_resizer.fixed_shape_resizer.height": [64, 128],
}


def meant(text: str) -> Any:
    """As `config_util.get_configs_from_pipeline_file` reads it."""
    return text_format.Merge(text, schema.message_class()())


def at(message: Any, path: str) -> Any:
    """The value that the protobuf library has at a path; None if it is not set."""
    for name in path.split("."):
        if not message.HasField(name):
            return None
        message = getattr(message, name)
    return message


def nested(path: str, value: object) -> str:
    name, _, rest = path.partition(".")
    if rest:
        return f"{name} {{ {nested(rest, value)} }}\n"
    return f"{name}: " + (f"'{value}'" if isinstance(value, str) else str(value)) + "\n"


def written(path: str) -> st.SearchStrategy[str]:
    return st.sampled_from(SCALARS[path]).map(lambda value: nested(path, value))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Messages again and again, fields twice in one message, members of a oneof beside others."""
    lines = st.sampled_from(sorted(SCALARS)).flatmap(written)
    inner = st.lists(st.sampled_from(["batch_size: 8", "num_steps: 9", "batch_size: 10"]))
    block = inner.map(lambda found: f"train_config {{\n  {' '.join(found)}\n}}\n")
    return "".join(draw(st.lists(st.one_of(lines, block), max_size=7)))


@given(texts())
def test_what_is_read_is_what_the_library_merges(text: str) -> None:
    document, message = Document(text, schema.SHAPE), meant(text)
    for path in SCALARS:
        assert document.get(path) == at(message, path)
        branch = path.rpartition(".")[0]
        assert document.has_message(branch) == (at(message, branch) is not None)


@given(texts(), st.sampled_from(sorted(SCALARS)), st.data())
def test_what_is_set_is_what_counts_and_nothing_else_changes(
    text: str, path: str, data: st.DataObject
) -> None:
    document, value = Document(text, schema.SHAPE), data.draw(st.sampled_from(SCALARS[path]))
    try:
        changed = document.set(path, value)
    except PathError:  # another member of a oneof stands there: see the test of that
        return
    message, before = meant(changed.text), meant(text)
    assert at(message, path) == value
    for other in SCALARS.keys() - {path}:
        assert at(message, other) == at(before, other)


@given(texts(), st.sampled_from(["train_config.batch_size", "train_config", "train_config.x"]))
def test_what_is_removed_is_removed_wherever_it_stands(text: str, path: str) -> None:
    removed = Document(text, schema.SHAPE).remove(path)
    assert removed.count(path) == 0
    if path != "train_config.x":
        assert at(meant(removed.text), path) is None


def test_each_field_that_stands_twice_is_told_with_its_lines() -> None:
    text = """train_config {
  batch_size: 1
}
eval_input_reader { shuffle: true shuffle: false }
eval_input_reader { }
train_config { batch_size: 2 }
model { ssd { }
  center_net { } }
unknown { } unknown { }
"""
    assert merged(text, Document(text).root, schema.SHAPE) == [
        "line 6: train_config stands in line 1 too: the two are merged",
        "line 6: train_config.batch_size stands in line 2 too: the last one counts",
        "line 4: eval_input_reader.shuffle stands in line 4 too: the last one counts",
        "line 8: center_net takes the place of model.ssd in line 7",
    ]


def test_a_list_in_place_of_one_value_is_no_value() -> None:
    """The library refuses it for such a field."""
    document = Document("train_config { fine_tune_checkpoint: ['x'] }", schema.SHAPE)
    assert document.get("train_config.fine_tune_checkpoint") == ("x",)


def test_a_member_is_not_set_beside_another_of_its_oneof() -> None:
    with pytest.raises(PathError, match="ssd stands there, and only one can: they are a oneof"):
        Document("model { ssd { } }", schema.SHAPE).set("model.center_net.num_classes", 1)


@pytest.mark.parametrize("path", ["train_config[1].batch_size", "train_config.batch_size[1]"])
def test_a_second_one_is_not_inserted(path: str) -> None:
    with pytest.raises(PathError, match=r"has one value: leave out \[1\]"):
        Document("train_config { batch_size: 1 }", schema.SHAPE).set(path, 2)
