"""What the protobuf library finds wrong in a pipeline.config."""

from __future__ import annotations

import pytest

from tasks.pipeline_config.schema import fault, field_at
from tests.support.pipeline_configs import ALL


@pytest.mark.parametrize("name", ALL)
def test_a_sound_file_has_no_fault(name: str) -> None:
    assert fault(ALL[name]) is None


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("train_config { batch_size: 'two' }", "line 1", "batch_size"),
        ("train_config {\n  batch_size: -1\n}", "line 2", "-1"),
        ("train_config { fine_tune_checkpoint_version: V9 }", "line 1", "V9"),
        ("train_config { num_steps: 1", "line 1", "}"),
        ("train_input_reader { label_map_path: C }", "line 1", "label_map_path"),
        ("\ufeffmodel { }", "line 1, column 1", "byte order mark"),
        ("# caf\udce9", "line 1", "not UTF-8"),
    ],
)
def test_a_fault_is_told_in_a_line(text: str, place: str, why: str) -> None:
    found = fault(text)
    assert found is not None
    assert found.startswith(place)
    assert why in found
    assert "\n" not in found


def test_fields_that_are_not_known_are_passed_over() -> None:
    assert fault("model { ssd { loss { hard_example_miner { num_hard_examples: 3 } } } }") is None
    assert fault("train_input_reader { external_input_reader { [a.b.c] { d: 1 } } }") is None


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("train_config.fine_tune_checkpoint_version", True),
        ("eval_input_reader[0].mask_type", True),
        ("train_config.batch_size", False),
        ("model.ssd.loss.anything", None),
        ("model.ssd.post_processing.score_converter", True),
        ("nowhere", None),
        ("no path", None),
    ],
)
def test_it_is_known_which_fields_are_enums(path: str, known: bool | None) -> None:
    field = field_at(path)
    assert (field and field.enum_type is not None) is known
