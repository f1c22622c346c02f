"""Every network is a row; what is not known of it is None."""

from __future__ import annotations

import pytest

from tasks.config.types import Config
from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.pipeline.receipts import DownloadReceipt
from tasks.zoo.entries import Entry, entries
from tests.support.projects import install
from tests.support.shipped import ZOO, ship

EMBEDDED = "ssd_tinynet_320x320_cube_digits"
TUTORIAL = "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8"
OWN = '\n[networks.my_export]\nsources = ["exports/mine.tar.gz"]\nlabels = ["one"]\n'


@pytest.fixture
def config(workspace: Workspace) -> Config:
    return ship(workspace, OWN)


def rows(config: Config, workspace: Workspace) -> dict[str, Entry]:
    return {entry.name: entry for entry in entries(config, workspace)}


def test_the_zoo_comes_first_then_the_embedded_network_then_ones_own(
    config: Config, workspace: Workspace
) -> None:
    found = entries(config, workspace)
    assert [entry.origin for entry in found] == ["zoo"] * ZOO + ["own"] * 2
    assert [entry.name for entry in found[ZOO:]] == [EMBEDDED, "my_export"]


def test_a_row_has_what_is_published(config: Config, workspace: Workspace) -> None:
    row = rows(config, workspace)[TUTORIAL]
    assert (row.title, row.family) == ("Faster R-CNN ResNet50 V1 640x640", "Faster R-CNN")
    assert (row.speed_ms, row.map_boxes, row.map_masks) == (53, 29.3, None)
    assert (row.input_size, row.size) == ((640, 640), 211_996_178)
    assert (row.projects, row.installed) == (("cube_faces",), False)


def test_what_is_not_published_is_none(config: Config, workspace: Workspace) -> None:
    row = rows(config, workspace)["extremenet"]
    assert (row.speed_ms, row.map_boxes, row.input_size, row.size) == (None,) * 4


def test_only_a_network_that_is_here_and_whole_is_installed(
    config: Config, workspace: Workspace
) -> None:
    install(workspace, EMBEDDED)
    assert rows(config, workspace)[EMBEDDED].installed
    (workspace.network(EMBEDDED) / "pipeline.config").unlink()
    assert not rows(config, workspace)[EMBEDDED].installed


def test_an_edited_file_does_not_undo_an_installation(config: Config, workspace: Workspace) -> None:
    install(workspace, EMBEDDED)
    (workspace.network(EMBEDDED) / "pipeline.config").write_text("mine")
    assert rows(config, workspace)[EMBEDDED].installed


def test_the_size_is_on_record_or_downloaded_or_that_of_the_local_file(
    config: Config, workspace: Workspace
) -> None:
    path = workspace.root / "exports/mine.tar.gz"
    assert rows(config, workspace)["my_export"].size is None
    path.parent.mkdir()
    path.write_bytes(b"123")
    assert rows(config, workspace)["my_export"].size == 3
    downloaded = DownloadReceipt(definition="", size=7)
    for name in ("extremenet", TUTORIAL):
        receipts.write(workspace.receipt("download", name), downloaded)
    assert rows(config, workspace)["extremenet"].size == 7
    assert rows(config, workspace)[TUTORIAL].size == 211_996_178
