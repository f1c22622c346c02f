"""A project's pipeline.config: tailored, brought up to date, refused, and told of."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from tasks.config.types import Training
from tasks.core import receipts
from tasks.core.errors import ConfigError
from tasks.core.paths import Workspace
from tasks.core.receipts import Output
from tasks.formats.textproto.edit import Document
from tasks.pipeline.job import ProjectJob, Silent
from tasks.pipeline.receipts import ExtractReceipt
from tasks.pipeline_config.edit import Change
from tasks.scaffold import step
from tasks.scaffold.changes import page, table
from tasks.scaffold.clean import clean as clean_scaffold
from tasks.scaffold.files import digest_of
from tests.support.pipeline_configs import ALL
from tests.support.projects import (
    PIPELINE,
    TAILORED,
    defer,
    install,
    network,
    project_job,
    scaffold,
    scaffold_receipt,
)

KEY = "cube_faces/training/net/pipeline.config"


@pytest.fixture
def config(workspace: Workspace) -> Path:
    """The config of a project that was scaffolded."""
    install(workspace, "net")
    scaffold(project_job(workspace, "net"))
    return workspace.root / KEY


def with_batch(workspace: Workspace, batch: int) -> ProjectJob:
    return project_job(workspace, "net", training=Training(batch_size=batch))


def edit(config: Path, old: bytes, new: bytes) -> None:
    before = config.read_bytes()
    assert old in before
    config.write_bytes(before.replace(old, new))


def test_a_config_that_nobody_changed_follows_the_settings(
    workspace: Workspace, config: Path
) -> None:
    job = with_batch(workspace, 8)
    assert step.why_stale(job) == "its configuration changed"
    assert scaffold(job) == ()
    assert config.read_bytes() == TAILORED.replace(b"batch_size: 2", b"batch_size: 8")


def test_an_edited_config_keeps_the_edit_and_follows_in_all_else(
    workspace: Workspace, config: Path
) -> None:
    edit(config, b"num_steps: 1000", b"num_steps: 77  # mine")
    assert scaffold(with_batch(workspace, 8)) == (
        f"{KEY} keeps what is yours: train_config.num_steps = 77 (ours: 1000)",
    )
    edited = TAILORED.replace(b"num_steps: 1000", b"num_steps: 77  # mine")
    assert config.read_bytes() == edited.replace(b"batch_size: 2", b"batch_size: 8")


def test_an_edited_config_follows_again_and_again(workspace: Workspace, config: Path) -> None:
    edit(config, b"model {", b"# mine\nmodel {")
    for batch in (8, 4, 6):
        assert scaffold(with_batch(workspace, batch)) == ()
        assert f"batch_size: {batch}\n".encode() in config.read_bytes()
    assert config.read_bytes().startswith(b"# mine\n")


def test_an_edited_config_follows_the_labels_and_the_network(
    workspace: Workspace, config: Path
) -> None:
    edit(config, b"# COCO", b"# mine")
    receipt = install(workspace, "net")
    moved = msgspec.structs.replace(receipt, checkpoint_prefix="checkpoint/ckpt-301")
    receipts.write(workspace.receipt("extract", "net"), moved)
    scaffold(project_job(workspace, "net", labels={"one": 1, "nine": 9}))
    assert b"num_classes: 9  # mine" in config.read_bytes()
    assert b"pre-trained/net/checkpoint/ckpt-301" in config.read_bytes()


def test_an_edited_config_is_never_ours_to_remove(workspace: Workspace, config: Path) -> None:
    edit(config, b"model {", b"# mine\nmodel {")
    scaffold(with_batch(workspace, 8))
    lines: list[str] = []
    clean_scaffold(workspace, "cube_faces", False, lines.append)
    assert config.read_bytes().startswith(b"# mine\n")
    assert any(KEY in line for line in lines)


def test_a_config_that_was_emptied_or_broken_is_kept_and_told(
    workspace: Workspace, config: Path
) -> None:
    config.write_bytes(b"model {\n  ssd { num_classes: \xe2\x80\x9c2\xe2\x80\x9d }\n}\n")
    (line,) = scaffold(with_batch(workspace, 8))
    assert line.startswith(f"{KEY} is yours and stays as it is: line 2, column 22: ")
    assert b"\xe2\x80\x9c" in config.read_bytes()


def test_a_config_that_the_user_made_first_is_left_alone(workspace: Workspace) -> None:
    config = workspace.root / KEY
    config.parent.mkdir(parents=True)
    config.write_bytes(PIPELINE)
    install(workspace, "net")
    (line,) = scaffold(project_job(workspace, "net"))
    assert "is yours and stays as it is; remove it to have it made anew" in line
    assert config.read_bytes() == PIPELINE
    assert scaffold_receipt(workspace).values == {}


def test_a_linked_config_is_left_alone(workspace: Workspace, config: Path, tmp_path: Path) -> None:
    config.rename(tmp_path / "shared.config")
    config.symlink_to(tmp_path / "shared.config")
    scaffold(with_batch(workspace, 8))
    assert config.is_symlink()
    assert (tmp_path / "shared.config").read_bytes() == TAILORED


def test_a_config_that_is_saved_at_the_last_moment_is_kept(
    workspace: Workspace, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(config, b"model {", b"# mine\nmodel {")
    real = os.fsync

    def user_is_faster(descriptor: int) -> None:
        real(descriptor)
        config.write_bytes(b"# saved just now\n")

    monkeypatch.setattr(os, "fsync", user_is_faster)
    lines = step.run(with_batch(workspace, 8), Silent()).lines
    assert f"{KEY} was changed just now and stays as it is" in lines
    assert config.read_bytes() == b"# saved just now\n"
    monkeypatch.undo()
    config.write_bytes(b"# mine\n" + TAILORED)
    scaffold(with_batch(workspace, 4))  # what we know of it is still what we last wrote
    assert b"batch_size: 4" in config.read_bytes()


def test_a_config_of_an_older_version_of_this_project_is_tailored(workspace: Workspace) -> None:
    """It was a copy of the network's own, and nobody changed it."""
    install(workspace, "net")
    job = project_job(workspace, "net")
    scaffold(job)
    receipt = scaffold_receipt(workspace)
    config = workspace.root / KEY
    config.write_bytes(PIPELINE)
    outputs = {**receipt.outputs, KEY: Output(digest_of(PIPELINE))}
    old = msgspec.structs.replace(receipt, definition="old", outputs=outputs, values={})
    receipts.write(workspace.receipt("scaffold", "cube_faces"), old)
    assert scaffold(job) == ()
    assert config.read_bytes() == TAILORED


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<!DOCTYPE html>", "line 1, column 1: expected a configuration, and this is a web page"),
        (b"model {}\n", "expected one meta-architecture"),
        (b"model { ssd { num_classes: true } }", "line 1"),
    ],
)
def test_a_network_whose_config_can_not_be_tailored_is_refused_in_a_line(
    workspace: Workspace, content: bytes, why: str
) -> None:
    install(workspace, "net")
    install(workspace, "odd", {"pipeline.config": content})
    (line,) = scaffold(project_job(workspace, "odd", "net"))  # and it is up to date then
    assert line.startswith("odd: its pipeline.config can't be tailored: ")
    assert why in line
    assert os.listdir(workspace.training("cube_faces", "odd")) == []
    assert (workspace.root / KEY).read_bytes() == TAILORED


def test_a_network_that_can_not_be_trained_is_refused_with_the_reason(
    workspace: Workspace,
) -> None:
    install(workspace, "net")
    odd = msgspec.structs.replace(network("net"), not_trainable="inference only: so it is")
    assert scaffold(project_job(workspace, odd)) == ("net: inference only: so it is",)
    assert os.listdir(workspace.training("cube_faces", "net")) == []
    assert page(project_job(workspace, odd)) == ["net: inference only: so it is"]


def test_an_edit_is_named_by_the_next_run_and_once(workspace: Workspace, config: Path) -> None:
    job = project_job(workspace, "net")
    edit(config, b"num_steps: 1000", b"num_steps: 5")
    assert step.why_stale(job) == f"{KEY} was edited"
    (line,) = scaffold(job)
    assert line == f"{KEY} keeps what is yours: train_config.num_steps = 5 (ours: 1000)"
    assert b"num_steps: 5" in config.read_bytes()
    edit(config, b"batch_size: 2", b"batch_size: 3")
    (line,) = scaffold(job)
    assert "batch_size = 3" in line
    assert "num_steps = 5" in line


def test_an_edit_beside_what_we_look_after_is_nothing_to_name(
    workspace: Workspace, config: Path
) -> None:
    edit(config, b"model {", b"# mine\nmodel {")
    assert scaffold(project_job(workspace, "net")) == ()
    edit(config, b"# mine\n", b"")
    assert step.why_stale(project_job(workspace, "net")) is None


def test_a_field_that_the_api_has_not_is_told_of_a_networks_own_file(workspace: Workspace) -> None:
    old = b"model { ssd { feature_extractor { batch_norm_trainable: true } } }"
    install(workspace, "net", {"pipeline.config": old})
    (line,) = scaffold(project_job(workspace, "net"))
    assert line.startswith("net: the Object Detection API refuses its pipeline.config: line 1, col")
    assert "has no field batch_norm_trainable" in line


def test_what_a_training_needs_is_told_under_any_name(workspace: Workspace) -> None:
    install(workspace, "net", {"pipeline.config": ALL["CenterNet keypoints"].encode()})
    (line,) = scaffold(project_job(workspace, "net"))
    assert line.startswith("net: its training needs keypoints in the records")
    assert any("keypoints in the records" in line for line in page(project_job(workspace, "net")))


def test_a_network_that_needs_more_than_boxes_is_tailored_with_a_warning(
    workspace: Workspace,
) -> None:
    install(workspace, "net")
    masks = msgspec.structs.replace(network("net"), training_needs="it needs masks")
    assert scaffold(project_job(workspace, masks)) == ("net: it needs masks",)
    assert (workspace.root / KEY).read_bytes() == TAILORED


def test_a_network_without_a_checkpoint_is_refused(workspace: Workspace) -> None:
    receipt = install(workspace, "net")
    bare: ExtractReceipt = msgspec.structs.replace(receipt, checkpoint_prefix="")
    receipts.write(workspace.receipt("extract", "net"), bare)
    (line,) = scaffold(project_job(workspace, "net"))
    assert "no checkpoint to start from" in line


def test_an_override_that_does_not_fit_is_a_fault_of_the_configuration(
    workspace: Workspace,
) -> None:
    install(workspace, "net")
    training = Training(overrides={"model.ssd": 1})
    with pytest.raises(ConfigError, match=r"projects\.cube_faces\.training\.overrides: model\.ssd"):
        step.run(project_job(workspace, "net", training=training), Silent())
    assert not workspace.project("cube_faces").exists()


def test_the_page_tells_what_was_changed_and_what_is_the_users(
    workspace: Workspace, config: Path
) -> None:
    edit(config, b"num_steps: 1000", b"num_steps: 77")
    lines = page(project_job(workspace, "net"))
    assert lines[0] == KEY
    told = dict(zip(lines[1::2], lines[2::2], strict=True))
    words = told["  model.ssd.num_classes"].split()
    assert " ".join(words) == "90 → 2 the highest class id of the project's labels"
    assert "yours; ours would be 1000" in told["  train_config.num_steps"]


def test_the_page_of_a_network_that_is_not_here_says_so(workspace: Workspace) -> None:
    defer(workspace, "net")
    job = project_job(workspace, "net")
    scaffold(job)
    assert page(job) == ["net: not here yet"]


def test_the_table_tells_what_was_what_is_and_why() -> None:
    base = Document("a: 1\nb: 2\nc: 'x'\n")
    changes = [Change("a", 5, "because"), Change("b", 2, "as it is"), Change("d", "new", "needed")]
    assert table(base, None, changes) == [
        "  a",
        "      1 → 5            because",
        "  d",
        '      nothing → "new"  needed',
    ]


def test_the_table_names_what_is_theirs() -> None:
    base, here = Document("a: 1\n"), Document("a: 7\n")
    assert table(base, here, [Change("a", 5, "because")]) == [
        "  a",
        "      1 → 7  yours; ours would be 5",
    ]
