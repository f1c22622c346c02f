"""The first fault of a pipeline.config that training would refuse, with its line."""

from __future__ import annotations

import pytest

from tasks.formats.textproto.edit import Document
from tasks.pipeline_config.schema import SHAPE
from tasks.pipeline_config.trainable import first_fault
from tests.support.pipeline_configs import ALL


@pytest.mark.parametrize("name", ALL)
def test_a_sound_file_has_none(name: str) -> None:
    assert first_fault(Document(ALL[name], SHAPE)) == ""


def line(text: str, field: str) -> int:
    return text[: text.index(field)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "field", "why"),
    [
        ("num_classes: 90", "num_clases: 90", "num_clases", "num_clases"),
        ("num_classes: 90", "num_classes: many", "num_classes", "num_classes"),
        ("height: 128", "height: 0", "height", "it must be above 0"),
        ("warmup_steps: 2000", "warmup_steps: 90000", "warmup_steps", "below warmup_steps 90000"),
        ("base: .04", "base: nan", "learning_rate_base", "write a number"),
        ('type: "ssd', 'type: "sdd', "feature_extractor", "sdd_mob"),
    ],
)
def test_a_fault_is_one_clause_with_the_line_of_its_field(
    old: str, new: str, field: str, why: str
) -> None:
    assert old in ALL["SSD"]
    text = ALL["SSD"].replace(old, new, 1)
    told = first_fault(Document(text, SHAPE))
    assert told.startswith(f"line {line(text, field)}"), told
    assert why in told
    assert "\n" not in told


def test_what_is_missing_is_told_where_it_belongs() -> None:
    text = ALL["SSD"].replace("momentum_optimizer", "my_optimizer", 1)
    assert "my_optimizer" in first_fault(Document(text, SHAPE))
    assert "model" in first_fault(Document("train_config {}", SHAPE))
