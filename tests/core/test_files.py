"""What lies where a file is expected: a pipe, a device, a folder, a file without end."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.annotations import record_state
from tasks.annotations.label_map import label_map_path, labels_of
from tasks.checks import networks
from tasks.checks.checkpoint import read_index
from tasks.checks.project import check_project
from tasks.compare.inputs import read_comparison
from tasks.core import receipts
from tasks.core.errors import DamagedError
from tasks.core.files import read_file, sha256_or_nothing, write_if_changed
from tasks.core.paths import Workspace
from tasks.inference import results
from tasks.inference.saved_model import number_of_classes
from tasks.pipeline import archive_cache
from tasks.pipeline.receipts import ExtractReceipt
from tests.support.projects import project_job, scaffold

Plant = Callable[[Path], object]


def giant(path: Path) -> None:
    """40 GB by its size, and no block on disk."""
    with path.open("wb") as file:
        file.truncate(40 << 30)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


PLANTS: dict[str, Plant] = {
    "a folder": lambda path: path.mkdir(),
    "a file of 40 GB": giant,
    "a link to itself": loop,
}
if os.name != "nt":
    PLANTS["a pipe"] = lambda path: os.mkfifo(path)
    PLANTS["a link to a device without end"] = lambda path: path.symlink_to("/dev/zero")

plants = pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)

# Each reader of our own state, and what it makes of a file that can't be read.
STATE: dict[str, tuple[Callable[[Path], object], object]] = {
    "a receipt": (lambda path: receipts.read(path, ExtractReceipt), None),
    "the record of an archive": (archive_cache.read_record, None),
    "what was noted of records": (record_state.read_states, record_state.FileStates()),
    "notes of a network": (
        lambda path: results.load_saved(path, results.NetworkMeasurements),
        results.NetworkMeasurements(),
    ),
    "a number of classes": (number_of_classes, None),
}


def refused(path: Path, most: int = 1000) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(OSError, match=r"folder|ordinary|more than|link"):
            read_file(path, most)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@plants
def test_what_is_no_ordinary_file_is_refused_at_once(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path / "file")
    refused(tmp_path / "file")


def test_a_file_is_read_up_to_its_limit_and_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1000)
    (tmp_path / "link").symlink_to("file")
    assert read_file(tmp_path / "link", 1000) == b"x" * 1000
    with pytest.raises(OSError, match=r"more than 999 B"):
        read_file(tmp_path / "file", 999)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no such file here")
def test_a_file_that_tells_no_size_is_read_up_to_the_limit() -> None:
    assert read_file(Path("/proc/self/maps"), 1 << 20)
    refused(Path("/proc/self/maps"), 100)


@plants
@pytest.mark.parametrize("kind", STATE)
def test_state_that_is_no_file_counts_as_not_there(tmp_path: Path, plant: Plant, kind: str) -> None:
    read, nothing = STATE[kind]
    plant(tmp_path / "state.json")
    assert read(tmp_path / "state.json") == nothing


@plants
def test_a_comparison_that_is_no_file_is_measured_again(workspace: Workspace, plant: Plant) -> None:
    job = project_job(workspace)
    path = workspace.comparison(job.name)
    path.parent.mkdir(parents=True)
    plant(path)
    with pytest.raises(DamagedError, match="run doit measure:cube_faces"):
        read_comparison(job)


@plants
def test_a_users_file_that_is_no_file_is_told_in_a_line(workspace: Workspace, plant: Plant) -> None:
    job = project_job(workspace)
    scaffold(job)
    label_map_path(job).unlink()
    plant(label_map_path(job))
    with pytest.raises((OSError, ValueError), match=r"not a file|larger|link"):
        labels_of(job)
    rows = [one for one in check_project(job) if one.subject == "label map"]
    assert [row.kind for row in rows] == ["error"]
    assert "label_map.pbtxt" in rows[0].result


@plants
def test_an_index_of_a_checkpoint_that_is_no_file_is_no_trap(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path / "ckpt-0.index")
    with pytest.raises(OSError, match=r"folder|ordinary|more than|link"):
        read_index(tmp_path / "ckpt-0")


def test_a_config_without_end_is_too_large(tmp_path: Path) -> None:
    giant(tmp_path / "file")
    assert networks.read_config(tmp_path / "file") == (None, ["it is larger than 4 MB"])


@pytest.mark.skipif(os.name == "nt", reason="no pipes in folders there")
def test_neither_a_digest_nor_a_comparison_waits_for_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert sha256_or_nothing(tmp_path / "pipe") == ""
    assert write_if_changed(tmp_path / "pipe", b"content")
    assert (tmp_path / "pipe").read_bytes() == b"content"
