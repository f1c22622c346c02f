"""What scaffold makes, updates, leaves alone, and says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.annotations.label_map import label_map
from tasks.core import receipts
from tasks.core.errors import ConfigError, DamagedError, DiskError, UserFilesError
from tasks.core.paths import Workspace
from tasks.core.receipts import Output
from tasks.pipeline.job import Silent
from tasks.pipeline.receipts import ScaffoldReceipt
from tasks.scaffold import step
from tasks.scaffold.configs import LONGEST_CONFIG
from tasks.scaffold.files import digest_of
from tests.support.projects import (
    PIPELINE,
    TAILORED,
    defer,
    install,
    network,
    project_job,
    scaffold,
    scaffold_receipt,
    tree,
)

ONE_TWO = label_map({"one": 1, "two": 2})
ONE_TWO_THREE = label_map({"one": 1, "two": 2, "three": 3})


@pytest.fixture
def training(workspace: Workspace) -> Path:
    return workspace.training("cube_faces")


def test_a_project_gets_its_folders_label_map_and_configs(workspace: Workspace) -> None:
    install(workspace, "net")
    job = project_job(workspace, "net")
    assert step.why_stale(job) == "never done"
    outcome = step.run(job, Silent())
    assert (outcome.kind, outcome.note) == ("built", "6 folders made, 2 files written")
    assert tree(workspace.project("cube_faces")) == {
        "images": "folder",
        "images/test": "folder",
        "images/train": "folder",
        "training": "folder",
        "training/label_map.pbtxt": ONE_TWO,
        "training/net": "folder",
        "training/net/pipeline.config": TAILORED,
    }


def test_a_second_run_does_nothing(workspace: Workspace) -> None:
    install(workspace, "net")
    job = project_job(workspace, "net")
    scaffold(job)
    before = workspace.receipt("scaffold", "cube_faces").read_bytes()
    assert step.run(job, Silent()).kind == "kept"
    assert workspace.receipt("scaffold", "cube_faces").read_bytes() == before


def test_the_receipt_is_the_same_wherever_the_workspace_lies(tmp_path: Path) -> None:
    written = []
    for name in ("here", "there"):
        place = Workspace(tmp_path / name)
        scaffold(project_job(place))
        written.append(place.receipt("scaffold", "cube_faces").read_bytes())
    assert written[0] == written[1]


def test_a_deferred_network_gets_its_folder_now_and_its_config_when_it_arrives(
    workspace: Workspace, training: Path
) -> None:
    defer(workspace, "net")
    job = project_job(workspace, "net")
    scaffold(job)
    assert list((training / "net").iterdir()) == []
    install(workspace, "net")
    assert step.why_stale(job) == "a network changed"
    scaffold(job)
    assert (training / "net" / "pipeline.config").read_bytes() == TAILORED


def test_a_network_without_a_config_gets_a_folder_only(
    workspace: Workspace, training: Path
) -> None:
    install(workspace, "net")
    scaffold(project_job(workspace, network("net", pipeline_config=False)))
    assert list((training / "net").iterdir()) == []


def test_a_file_that_nobody_changed_follows_the_configuration(
    workspace: Workspace, training: Path
) -> None:
    scaffold(project_job(workspace))
    job = project_job(workspace, labels=("one", "two", "three"))
    assert step.why_stale(job) == "its configuration changed"
    assert scaffold(job) == ()
    assert (training / "label_map.pbtxt").read_bytes() == ONE_TWO_THREE


def test_a_file_that_nobody_changed_follows_the_network(
    workspace: Workspace, training: Path
) -> None:
    install(workspace, "net")
    job = project_job(workspace, "net")
    scaffold(job)
    install(workspace, "net", {"pipeline.config": PIPELINE.replace(b"COCO", b"Pets")})
    assert step.why_stale(job) == "a network changed"
    assert scaffold(job) == ()
    config = (training / "net" / "pipeline.config").read_bytes()
    assert config == TAILORED.replace(b"COCO", b"Pets")


def test_an_edited_file_is_kept_and_named_when_there_is_something_new(
    workspace: Workspace, training: Path
) -> None:
    scaffold(project_job(workspace))
    (training / "label_map.pbtxt").write_bytes(b"mine")
    assert step.why_stale(project_job(workspace)) is None
    lines = scaffold(project_job(workspace, labels=("one", "two", "three")))
    assert lines == (
        "cube_faces/training/label_map.pbtxt is yours and stays as it is; "
        "remove it to have it made anew",
    )
    assert (training / "label_map.pbtxt").read_bytes() == b"mine"


def test_an_edited_file_is_not_named_when_there_is_nothing_new(
    workspace: Workspace, training: Path
) -> None:
    install(workspace, "net")
    scaffold(project_job(workspace, "net"))
    (training / "label_map.pbtxt").write_bytes(b"mine")
    assert scaffold(project_job(workspace)) == ()  # another change: a network less


def test_an_edit_that_is_taken_back_makes_the_file_ours_again(
    workspace: Workspace, training: Path
) -> None:
    scaffold(project_job(workspace))
    (training / "label_map.pbtxt").write_bytes(b"mine")
    scaffold(project_job(workspace, labels=("one", "two", "three")))
    (training / "label_map.pbtxt").write_bytes(ONE_TWO)
    scaffold(project_job(workspace, labels=("one", "two", "three", "four")))
    assert b"four" in (training / "label_map.pbtxt").read_bytes()


def test_a_file_that_the_user_made_first_is_theirs_even_if_it_is_the_same(
    workspace: Workspace, training: Path
) -> None:
    training.mkdir(parents=True)
    (training / "label_map.pbtxt").write_bytes(ONE_TWO)
    assert scaffold(project_job(workspace)) == ()
    assert scaffold_receipt(workspace).outputs == {}
    assert len(scaffold(project_job(workspace, labels=("other",)))) == 1
    assert (training / "label_map.pbtxt").read_bytes() == ONE_TWO


@pytest.mark.parametrize(
    "gone", ["training/label_map.pbtxt", "training/net/pipeline.config", "images/test"]
)
def test_what_was_deleted_is_named_and_made_again(workspace: Workspace, gone: str) -> None:
    install(workspace, "net")
    job = project_job(workspace, "net")
    scaffold(job)
    whole, path = tree(workspace.root), workspace.project("cube_faces") / gone
    path.rmdir() if path.is_dir() else path.unlink()
    assert step.why_stale(job) == f"cube_faces/{gone} is missing"
    scaffold(job)
    assert tree(workspace.root) == whole


def test_a_file_of_the_users_that_was_deleted_is_made(workspace: Workspace, training: Path) -> None:
    training.mkdir(parents=True)
    (training / "label_map.pbtxt").write_bytes(b"mine")
    scaffold(project_job(workspace))
    (training / "label_map.pbtxt").unlink()
    scaffold(project_job(workspace))
    assert (training / "label_map.pbtxt").read_bytes() == ONE_TWO


def test_a_network_that_leaves_the_project_takes_our_files_along(
    workspace: Workspace, training: Path
) -> None:
    install(workspace, "net")
    scaffold(project_job(workspace, "net"))
    assert scaffold(project_job(workspace)) == ()
    assert not (training / "net").exists()


def test_a_network_that_leaves_the_project_leaves_the_users_files_behind(
    workspace: Workspace, training: Path
) -> None:
    install(workspace, "net")
    scaffold(project_job(workspace, "net"))
    (training / "net" / "pipeline.config").write_bytes(b"mine")
    (training / "net" / "notes.txt").write_bytes(b"mine too")
    assert scaffold(project_job(workspace)) == (
        "cube_faces/training/net/pipeline.config is wanted no more, but is yours and stays",
        "cube_faces/training/net is wanted no more, but holds files and stays",
    )
    assert sorted(os.listdir(training / "net")) == ["notes.txt", "pipeline.config"]


def test_a_network_that_is_gone_but_still_in_the_project_keeps_its_config(
    workspace: Workspace, training: Path
) -> None:
    install(workspace, "net")
    job = project_job(workspace, "net")
    scaffold(job)
    workspace.receipt("extract", "net").unlink()
    scaffold(job)
    assert (training / "net" / "pipeline.config").read_bytes() == TAILORED
    assert "cube_faces/training/net/pipeline.config" in scaffold_receipt(workspace).outputs


def test_a_renamed_label_map_moves_unless_it_was_edited(
    workspace: Workspace, training: Path
) -> None:
    scaffold(project_job(workspace))
    scaffold(project_job(workspace, label_map="label_map.txt"))
    assert os.listdir(training) == ["label_map.txt"]
    (training / "label_map.txt").write_bytes(b"mine")
    assert len(scaffold(project_job(workspace))) == 1
    assert sorted(os.listdir(training)) == ["label_map.pbtxt", "label_map.txt"]


def test_pictures_and_annotations_are_left_alone(workspace: Workspace) -> None:
    picture = workspace.images("cube_faces", "train") / "image001.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"picture")
    scaffold(project_job(workspace))
    assert picture.read_bytes() == b"picture"
    assert "cube_faces/images/train" not in scaffold_receipt(workspace).folders


def test_a_linked_folder_is_used_where_it_leads(workspace: Workspace, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    workspace.project("cube_faces").mkdir()
    (workspace.project("cube_faces") / "images").symlink_to(disk)
    scaffold(project_job(workspace))
    assert sorted(os.listdir(disk)) == ["test", "train"]


def test_nothing_is_removed_through_a_link(
    workspace: Workspace, tmp_path: Path, training: Path
) -> None:
    install(workspace, "net")
    scaffold(project_job(workspace, "net"))
    training.rename(tmp_path / "disk")
    training.symlink_to(tmp_path / "disk")
    lines = scaffold(project_job(workspace))
    assert len(lines) == 1
    assert (tmp_path / "disk" / "net" / "pipeline.config").read_bytes() == TAILORED


def test_a_linked_file_is_the_users(workspace: Workspace, tmp_path: Path, training: Path) -> None:
    scaffold(project_job(workspace))
    (training / "label_map.pbtxt").rename(tmp_path / "shared.pbtxt")
    (training / "label_map.pbtxt").symlink_to(tmp_path / "shared.pbtxt")
    assert len(scaffold(project_job(workspace, labels=("other",)))) == 1
    assert (training / "label_map.pbtxt").is_symlink()
    assert (tmp_path / "shared.pbtxt").read_bytes() == ONE_TWO


@pytest.mark.parametrize("place", ["", "images", "images/train", "training", "training/net"])
def test_a_file_where_a_folder_must_be_stops_it_before_anything_is_made(
    workspace: Workspace, place: str
) -> None:
    blocker = workspace.project("cube_faces") / place
    blocker.parent.mkdir(parents=True, exist_ok=True)
    blocker.write_bytes(b"mine")
    before = tree(workspace.root)
    with pytest.raises(UserFilesError, match="must be a folder, and something else"):
        step.run(project_job(workspace, "net"), Silent())
    assert tree(workspace.root) == before


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere"), os.mkfifo])
def test_what_is_no_file_where_a_file_must_be_stops_it(
    workspace: Workspace, training: Path, make: object
) -> None:
    training.mkdir(parents=True)
    assert callable(make)
    make(training / "label_map.pbtxt")
    with pytest.raises(UserFilesError, match="must be a file, and something else"):
        step.run(project_job(workspace), Silent())


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "", ".", "..", "net", "a\0b", "a/b"])
def test_a_label_map_can_not_be_put_elsewhere(workspace: Workspace, name: str) -> None:
    with pytest.raises(ConfigError, match="expected a file name"):
        step.run(project_job(workspace, "net", label_map=name), Silent())
    assert tree(workspace.root) == {}


def test_a_config_that_is_not_the_extracted_one_is_not_copied(workspace: Workspace) -> None:
    install(workspace, "net")
    (workspace.network("net") / "pipeline.config").write_bytes(b"damaged")
    with pytest.raises(DamagedError, match="run `doit extract:net`"):
        step.run(project_job(workspace, "net"), Silent())


def test_a_monstrous_config_is_not_read(workspace: Workspace) -> None:
    install(workspace, "net", {"pipeline.config": b"#" * (LONGEST_CONFIG + 1)})
    with pytest.raises(DamagedError, match=r"4\.0 MB long"):
        step.run(project_job(workspace, "net"), Silent())


def test_what_the_disk_refuses_is_one_line(workspace: Workspace) -> None:
    workspace.state.write_bytes(b"a file where the receipts go")
    with pytest.raises(DiskError, match="cube_faces: "):
        step.run(project_job(workspace), Silent())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"definition": 3}', b"\xff" * 99])
def test_a_broken_receipt_loses_nothing(workspace: Workspace, content: bytes) -> None:
    job = project_job(workspace)
    scaffold(job)
    before = tree(workspace.project("cube_faces"))
    workspace.receipt("scaffold", "cube_faces").write_bytes(content)
    assert step.why_stale(job) == "never done"
    scaffold(job)
    assert tree(workspace.project("cube_faces")) == before


def test_a_forged_receipt_removes_nothing_outside_training(workspace: Workspace) -> None:
    victims = {"config/zoo.toml", "cube_faces/images/train/a.png", "other/training/x", "../out"}
    files = {}
    for victim in victims:
        path = workspace.root / victim
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
        files[victim] = files[f"cube_faces/training/../../{victim}"] = digest_of(b"mine")
        files[str(path)] = digest_of(b"mine")
    (workspace.root / "empty").mkdir()
    outputs = {key: Output(sha256) for key, sha256 in files.items()}
    forged = ScaffoldReceipt(
        definition="x", outputs=outputs, folders=("empty", "cube_faces/../empty")
    )
    receipts.write(workspace.receipt("scaffold", "cube_faces"), forged)
    scaffold(project_job(workspace))
    assert all((workspace.root / victim).read_bytes() == b"mine" for victim in victims)
    assert (workspace.root / "empty").is_dir()


def test_a_file_that_appears_at_the_last_moment_is_kept(
    workspace: Workspace, training: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def user_is_faster(descriptor: int) -> None:
        real(descriptor)
        if training.exists():
            (training / "label_map.pbtxt").write_bytes(b"mine")

    monkeypatch.setattr(os, "fsync", user_is_faster)
    lines = step.run(project_job(workspace), Silent()).lines
    assert lines == ("cube_faces/training/label_map.pbtxt was changed just now and stays as it is",)
    assert (training / "label_map.pbtxt").read_bytes() == b"mine"
    assert scaffold_receipt(workspace).outputs == {}
