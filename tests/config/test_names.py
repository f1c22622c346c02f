"""A network may be called by its name, its printed title, its archive or its address."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.config.load import load
from tasks.config.names import NameIndex, called
from tasks.config.types import Config
from tasks.core.errors import ConfigError, UsageError
from tasks.core.paths import Workspace
from tasks.wiring import names

ROOT = Path(__file__).parents[2]

SSD = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
RETINA = "ssd_resnet50_v1_fpn_640x640_coco17_tpu-8"
ZOO = "download.tensorflow.org/models/object_detection/tf2"


@pytest.fixture(scope="module")
def zoo() -> Config:
    return load(Workspace(ROOT))


@pytest.mark.parametrize(
    ("word", "name"),
    [
        (SSD, SSD),
        (SSD.upper(), SSD),
        ("SSD MobileNet V2 FPNLite 320x320", SSD),
        ("ssd mobilenet v2  fpnlite 320 × 320", SSD),
        ("SSD-MobileNet-V2-FPNLite-320x320", SSD),
        (f"{SSD}.tar.gz", SSD),
        (f"20200711/{SSD}.tar.gz", SSD),
        (f"http://{ZOO}/20200711/{SSD}.tar.gz", SSD),
        (f"https://storage.googleapis.com/{ZOO}/20200711/{SSD}.tar.gz", SSD),
        (f"HTTPS://Download.TensorFlow.org/{ZOO.partition('/')[2]}/20200711/{SSD}.tar.gz", SSD),
        (f"{ZOO}/20200711/{SSD}.tar.gz?raw=1#top", SSD),
        ("SSD ResNet50 V1 FPN 640x640 (RetinaNet50)", RETINA),
        ("SSD ResNet50 V1 FPN 640x640", RETINA),
        ("ExtremeNet", "extremenet"),
        ("ExtremeNet (deprecated)", "extremenet_20200711"),
        ("20210507/extremenet.tar.gz", "extremenet"),
    ],
)
def test_what_the_zoos_page_prints_names_a_network(zoo: Config, word: str, name: str) -> None:
    assert names.find(word, zoo).name == name


def test_every_title_archive_and_address_of_the_zoo_is_a_name(zoo: Config) -> None:
    for network in zoo.networks.values():
        words = [network.title, network.title.swapcase(), *network.sources]
        assert {names.find(word, zoo).name for word in words} == {network.name}


@pytest.mark.parametrize("word", ["", " ", "/", "-", "::", ".tar.gz", "tpu-8.tar.gz", "%", "zoo"])
def test_what_names_nothing_is_an_error(zoo: Config, word: str) -> None:
    with pytest.raises(UsageError, match="nothing has this name"):
        names.find(word, zoo)


def test_an_archive_of_two_dates_is_not_guessed_at(zoo: Config) -> None:
    with pytest.raises(UsageError, match="this may be extremenet_20200711 or extremenet"):
        names.find("extremenet.tar.gz", zoo)


def test_an_address_of_another_date_is_told_the_network_that_is_near(zoo: Config) -> None:
    word = f"http://{ZOO}/20200711/centernet_hg104_512x512_coco17_tpu-8.tar.gz"
    with pytest.raises(UsageError, match=r"did you mean centernet_hg104_512x512_coco17_tpu-8"):
        names.find(word, zoo)


def test_the_beginning_of_a_title_is_told_the_whole(zoo: Config) -> None:
    with pytest.raises(UsageError, match=r"did you mean EfficientDet D0 512x512\?"):
        names.find("EfficientDet D0", zoo)


def test_a_project_may_call_its_networks_as_it_likes(small: Workspace) -> None:
    (small.config / "workspace.toml").write_text(
        '[networks.mine]\ntitle = "My Net 320x320"\nsources = ["exports/mine.tar.gz"]\n'
        '[projects.cubes]\nlabels = ["one"]\n'
        'networks = ["http://example.org/first_net.tar.gz", "second_net.tar.gz", '
        '"my net 320×320"]\n'
        '[projects.cubes.training_of."My Net 320x320"]\nbatch_size = 3\n'
    )
    for project in (load(small).projects["cubes"] for _ in range(2)):  # parsed, then compiled
        assert project.networks == ("first_net", "second_net", "mine")
        assert project.training_of["mine"].batch_size == 3


def test_what_may_be_two_networks_is_a_fault_that_names_both(small: Workspace) -> None:
    (small.config / "workspace.toml").write_text(
        '[networks.mine]\nsources = ["exports/second_net.tar.gz"]\n'
        '[projects.cubes]\nlabels = ["one"]\nnetworks = ["second_net.tar.gz"]\n'
    )
    with pytest.raises(ConfigError) as caught:
        load(small)
    assert caught.value.faults == (
        "config/workspace.toml: projects.cubes.networks[0]: expected the name of one network; "
        "`second_net.tar.gz` may be second_net or mine",
    )


def test_two_settings_of_one_network_are_not_joined(small: Workspace) -> None:
    (small.config / "workspace.toml").write_text(
        '[projects.cubes]\nlabels = ["one"]\nnetworks = ["first_net"]\n'
        "[projects.cubes.training_of.first_net]\nbatch_size = 3\n"
        '[projects.cubes.training_of."first_net.tar.gz"]\nbatch_size = 4\n'
    )
    with pytest.raises(ConfigError, match=r"it has no `first_net\.tar\.gz`"):
        load(small)


def test_tables_of_other_types_name_nothing() -> None:
    index = NameIndex([called("a", {"title": 3, "sources": "x.tar.gz"}), called("b", {})])
    assert index.find("x.tar.gz") == ()
