"""config/zoo.toml and config/workspace.toml as they are shipped."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tasks.config.load import compile_files, compiled, load
from tasks.config.types import Config, Digests, Network, Settings
from tasks.core.files import sha256_of
from tasks.core.paths import Workspace

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
EMBEDDED = "ssd_tinynet_320x320_cube_digits"
MOBILE = "centernet_mobilenetv2fpn_512x512_coco17_"


@pytest.fixture
def shipped(workspace: Workspace) -> Config:
    workspace.config.mkdir()
    for name in ("zoo.toml", "workspace.toml"):
        (workspace.config / name).write_bytes((CONFIG / name).read_bytes())
    return load(workspace)


def zoo(config: Config) -> list[Network]:
    return [network for name, network in config.networks.items() if name != EMBEDDED]


def all_digests(config: Config) -> Iterator[Digests]:
    for network in config.networks.values():
        yield network.archive
        yield from network.members.values()


def test_every_row_of_the_zoo_and_the_embedded_network_are_there(shipped: Config) -> None:
    assert len(zoo(shipped)) == 43
    assert Counter(network.family for network in zoo(shipped)) == {
        "CenterNet": 11,
        "EfficientDet": 8,
        "SSD": 10,
        "Faster R-CNN": 11,
        "Mask R-CNN": 1,
        "ExtremeNet": 2,
    }
    embedded = shipped.networks[EMBEDDED]
    assert embedded.sources == (f"embedded/{EMBEDDED}.tar.gz",)
    assert list(shipped.label_ids(embedded).items()) == [
        ("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6),
    ]  # fmt: skip


def test_no_two_networks_share_an_address(shipped: Config) -> None:
    addresses = [source for network in shipped.networks.values() for source in network.sources]
    assert len(addresses) == len(set(addresses)) == 2 * 43 + 1


def test_the_address_over_https_comes_first_and_is_the_same_object(shipped: Config) -> None:
    for network in zoo(shipped):
        https, http = network.sources
        assert http.startswith("http://download.tensorflow.org/models/object_detection/tf2/20")
        assert https == http.replace("http://", "https://storage.googleapis.com/")


def test_a_network_is_called_like_its_archive_save_the_old_extremenet(shipped: Config) -> None:
    odd = [n.name for n in zoo(shipped) if not n.sources[0].endswith(f"/{n.name}.tar.gz")]
    assert odd == ["extremenet_20200711"]
    for name, date in (("extremenet", "20210507"), ("extremenet_20200711", "20200711")):
        network = shipped.networks[name]
        assert network.sources[0].endswith(f"/{date}/extremenet.tar.gz")
        assert not network.saved_model
        assert not network.pipeline_config
        assert network.expect is None


def test_the_mobile_centernets_speak_the_names_of_their_exporter(shipped: Config) -> None:
    boxes, keypoints = (shipped.networks[MOBILE + end].signature for end in ("od", "kpts"))
    assert (boxes.input, keypoints.input) == ("input", "input")
    assert (boxes.scores, boxes.classes, boxes.boxes) == ("output_1", "output_2", "output_3")
    assert (boxes.first_class, keypoints.first_class) == (1, 1)
    assert shipped.networks[MOBILE + "od"].expect is None
    assert shipped.networks[MOBILE + "kpts"].outputs == ("boxes", "keypoints")


def test_superseded_archives_are_noted_and_not_listed(shipped: Config) -> None:
    for name in ("centernet_hg104_512x512_coco17_tpu-8", "centernet_hg104_1024x1024_coco17_tpu-32"):
        network = shipped.networks[name]
        assert all("/20200713/" in source for source in network.sources)
        assert any("20200711" in note for note in network.notes)


def test_names_that_lie_about_the_input_size_do_not_spoil_it(shipped: Config) -> None:
    assert shipped.networks["efficientdet_d6_coco17_tpu-32"].input_size == (1408, 1408)
    assert shipped.networks["ssd_mobilenet_v2_320x320_coco17_tpu-8"].input_size == (300, 300)


def test_what_is_published_is_complete(shipped: Config) -> None:
    for network in zoo(shipped):
        if network.family == "ExtremeNet":
            continue
        assert network.speed_ms
        assert network.map_boxes or network.map_keypoints
        assert network.input_size
        assert network.labels == "coco"
        assert network.smoke_picture == "coco_dogs"
        assert (network.map_masks is not None) == ("masks" in network.outputs)
        assert (network.map_keypoints is not None) == ("keypoints" in network.outputs)
        assert (network.expect is None) == network.name.startswith(MOBILE)


def test_coco_has_eighty_labels_with_ten_gaps(shipped: Config) -> None:
    ids = shipped.labels["coco"]
    assert len(ids) == 80
    missing = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
    assert set(ids.values()) == set(range(1, 91)) - missing
    assert (ids["person"], ids["dog"], ids["toothbrush"]) == (1, 18, 90)


def test_members_are_known_of_eleven_networks_and_lie_below_the_top_folder(shipped: Config) -> None:
    known = [network for network in zoo(shipped) if network.members]
    assert len(known) == 11
    usual = re.compile(
        r"pipeline\.config|checkpoint/(checkpoint|ckpt-0\.(index|data-00000-of-00001))"
        r"|saved_model/(saved_model\.pb|variables/variables\.(index|data-00000-of-00001))"
    )
    for network in known:
        assert all(usual.fullmatch(path) for path in network.members)


def test_every_fact_that_can_fail_a_build_has_a_value_and_its_network_a_source(
    shipped: Config,
) -> None:
    for digests in all_digests(shipped):
        values = (digests.sha256, digests.md5, digests.git_blob_sha1, digests.size)
        if "confirmed" in (digests.confidence, digests.size_confidence):
            assert any(value is not None for value in values)
    for network in zoo(shipped):
        assert (network.archive == Digests()) == (not network.archive.source)


def test_a_single_pointer_confirms_no_digest(shipped: Config) -> None:
    archive = shipped.networks["faster_rcnn_resnet50_v1_640x640_coco17_tpu-8"].archive
    assert archive.sha256 is not None
    assert (archive.confidence, archive.size_confidence) == ("single-source", "confirmed")


def test_the_workspace_is_that_of_the_tutorial(shipped: Config) -> None:
    assert list(shipped.projects) == ["cube_faces"]
    assert shipped.projects["cube_faces"].labels == ("one", "two")
    assert shipped.wanted == (EMBEDDED, "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8")
    assert shipped.settings == Settings()


def test_each_setting_is_shown_with_its_default() -> None:
    text = (CONFIG / "workspace.toml").read_text(encoding="utf-8")
    section = text.partition("[settings]\n")[2].partition("\n\n")[0]
    shown = tomllib.loads(re.sub(r"(?m)^# ", "", section))
    expected = msgspec.structs.asdict(Settings())
    assert shown == {key: list(v) if isinstance(v, tuple) else v for key, v in expected.items()}


def test_the_example_of_a_network_of_ones_own_is_valid(workspace: Workspace) -> None:
    text = (CONFIG / "workspace.toml").read_text(encoding="utf-8")
    example = re.sub(r"(?m)^# ", "", text[text.index("# [networks.my_digits]") :])
    workspace.config.mkdir()
    (workspace.config / "zoo.toml").write_bytes((CONFIG / "zoo.toml").read_bytes())
    (workspace.config / "workspace.toml").write_text(text + "\n" + example, encoding="utf-8")
    assert list(load(workspace).networks)[-1] == "my_digits"


def test_the_compiled_copy_says_all_that_the_files_say(
    workspace: Workspace, shipped: Config
) -> None:
    assert compiled(workspace) == shipped == compile_files(workspace)
    again = msgspec.json.decode(msgspec.json.encode(shipped), type=Config)
    assert again == shipped


def test_the_recorded_digest_of_the_embedded_network_is_that_of_the_shipped_archive(
    shipped: Config,
) -> None:
    network = shipped.networks["ssd_tinynet_320x320_cube_digits"]
    [source] = network.sources
    assert network.archive.sha256 == sha256_of(ROOT / source)
    assert network.archive.confidence == "confirmed"
