"""The shipped archive as a file: its layout, its packing, its pipeline.config."""

import gzip
import hashlib
import json
import tarfile
from pathlib import Path

import pytest
from google.protobuf import empty_pb2, text_format

from embedded import LABELS, NAME
from embedded.pack import ARCHIVE, MEMBERS, pack, unpack
from embedded.pipeline import pipeline_config

FIGURES = ARCHIVE.with_name("figures.json")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(ARCHIVE, tmp_path_factory.mktemp("network"))


def test_the_archive_has_the_members_of_the_zoo_and_no_other() -> None:
    with tarfile.open(ARCHIVE) as tar:
        files = {m.name: m for m in tar if m.isfile()}
        folders = {m.name for m in tar if m.isdir()}
        assert len(files) + len(folders) == len(tar.getmembers())
    assert set(files) == {f"{NAME}/{member}" for member in MEMBERS}
    assert folders == {NAME} | {
        f"{NAME}/{inner}" for inner in ("checkpoint", "saved_model", "saved_model/variables")
    }
    assert {(m.mtime, m.uid, m.gid, m.mode) for m in files.values()} == {(0, 0, 0, 0o644)}


def test_the_archive_is_at_most_one_megabyte() -> None:
    assert ARCHIVE.stat().st_size <= 1_000_000


def test_the_figures_are_those_of_the_archive() -> None:
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    packed = ARCHIVE.read_bytes()
    assert figures["sha256"] == hashlib.sha256(packed).hexdigest()
    assert figures["bytes"] == len(packed)
    assert figures["split"] == "test"
    assert figures["pictures_per_row"] == 500


def test_packing_twice_gives_the_same_bytes(network: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.tar.gz", tmp_path / "2.tar.gz"
    digest = pack(network, first)
    assert pack(network, second) == digest == hashlib.sha256(first.read_bytes()).hexdigest()
    assert first.read_bytes() == second.read_bytes()
    # Another zlib may compress differently, so the shipped archive is compared unpacked.
    assert gzip.decompress(first.read_bytes()) == gzip.decompress(ARCHIVE.read_bytes())
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize("fault", ["missing", "extra"])
def test_a_folder_that_is_no_network_is_not_packed(
    network: Path, tmp_path: Path, fault: str
) -> None:
    copy = unpack(ARCHIVE, tmp_path)
    if fault == "missing":
        (copy / "pipeline.config").unlink()
    else:
        (copy / "saved_model/fingerprint.pb").write_bytes(b"")
    with pytest.raises(ValueError, match="not the members"):
        pack(copy, tmp_path / "no.tar.gz")
    assert not (tmp_path / "no.tar.gz").exists()


def test_the_checkpoint_names_its_prefix_and_no_time(network: Path) -> None:
    text = (network / "checkpoint/checkpoint").read_text()
    assert 'model_checkpoint_path: "ckpt-0"' in text
    assert "time" not in text


def test_pipeline_config_is_text_format_and_describes_the_network(network: Path) -> None:
    text = (network / "pipeline.config").read_text(encoding="utf-8")
    text_format.Parse(text, empty_pb2.Empty(), allow_unknown_field=True)
    for line in (
        f"num_classes: {len(LABELS)}",
        'type: "ssd_tinynet"',
        "keep_aspect_ratio_resizer {",
        "max_dimension: 320",
        "anchor_scale: 4.0",
        "faster_rcnn_box_coder {",
        "weighted_giou {",
        "score_converter: SIGMOID",
        "fine_tune_checkpoint_version: V2",
    ):
        assert line in text
    header = text.split("model {")[0].replace("\n# ", " ")
    assert "NOT trained by the TensorFlow Object Detection API" in header
    assert "can NOT be fine-tuned" in header


def test_a_broken_pipeline_config_would_be_noticed(network: Path) -> None:
    text = (network / "pipeline.config").read_text(encoding="utf-8")
    with pytest.raises(text_format.ParseError):
        text_format.Parse(text[:-3], empty_pb2.Empty(), allow_unknown_field=True)


def test_the_pipeline_config_of_a_fine_tuned_network_tells_of_that_training() -> None:
    text = pipeline_config(40, "mine", ["a"], rate=0.01, warm_up=8, batch_size=4, parent="parent")
    for line in ("batch_size: 4", "num_steps: 40", "learning_rate_base: 0.01", "warmup_steps: 8"):
        assert line in text
    assert "# Fine-tuned from parent." in text
    assert "from scratch" not in text
