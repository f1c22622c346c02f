"""One network's page tells all that is known of it, and what to cite."""

from __future__ import annotations

import pytest

from tasks.config.types import Config
from tasks.core.paths import Workspace
from tasks.zoo.page import API_PAPER, FAMILY_PAPERS, page, papers
from tests.support.projects import install
from tests.support.shipped import ship

EMBEDDED = "ssd_tinynet_320x320_cube_digits"


@pytest.fixture
def config(workspace: Workspace) -> Config:
    return ship(workspace)


def told(name: str, config: Config, workspace: Workspace) -> str:
    return "\n".join(page(config.networks[name], config, workspace))


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        (
            "efficientdet_d6_coco17_tpu-32",
            (
                "1408×1408",
                "268 ms",
                "boxes 50.5 %",
                "no other is both as fast and as accurate",
                "doit verify:efficientdet_d6_coco17_tpu-32",
                "arXiv:1911.09070",
                "arXiv:1611.10012",
                "tensorflow/models#10392",
                "`doit changes PROJECT`",
            ),
        ),
        (
            "mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8",
            ("masks 34.6 %", "a mask for each object", "arXiv:1703.06870"),
        ),
        ("extremenet", ("can't be trained here", "arXiv:1901.08043", "size not on record")),
        (
            EMBEDDED,
            ("cube_faces", "doit scaffold:cube_faces", "has a trainer of its own", "1512.02325"),
        ),
    ],
)
def test_what_a_page_tells(
    name: str, facts: tuple[str, ...], config: Config, workspace: Workspace
) -> None:
    text = told(name, config, workspace)
    for fact in facts:
        assert fact in text


def test_a_page_leaves_out_what_is_not_known(config: Config, workspace: Workspace) -> None:
    text = told("extremenet", config, workspace)
    assert "speed" not in text
    assert "None" not in text
    assert "1611.10012" not in told(EMBEDDED, config, workspace)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_page_fits_but_for_words_that_are_longer(
    width: int, config: Config, workspace: Workspace
) -> None:
    for network in config.networks.values():
        for line in page(network, config, workspace, width):
            assert len(line) <= width or len(line.split()) <= 2 or len(line.split()[-1]) > 26


def test_an_installed_network_is_told_with_its_state(config: Config, workspace: Workspace) -> None:
    install(workspace, EMBEDDED)
    assert "intact" in told(EMBEDDED, config, workspace)
    (workspace.network(EMBEDDED) / "pipeline.config").write_text("mine")
    assert "1 of its files differ" in told(EMBEDDED, config, workspace)


def test_every_network_of_the_zoo_has_a_paper(config: Config) -> None:
    for network in config.networks.values():
        assert papers(network.family, of_the_zoo=True) == (FAMILY_PAPERS[network.family], API_PAPER)


def test_a_family_that_is_not_known_cites_nothing() -> None:
    assert papers("other", of_the_zoo=False) == ()


def test_a_paper_is_one_line() -> None:
    assert FAMILY_PAPERS["CenterNet"] == (
        "Zhou, Wang, Krähenbühl: Objects as Points. 2019, arXiv:1904.07850"
    )
    assert API_PAPER.startswith("Huang et al.: Speed/accuracy")


def test_what_held_the_network_when_it_was_run_is_told(
    config: Config, workspace: Workspace
) -> None:
    assert "isolated" not in told(EMBEDDED, config, workspace)
    report = workspace.smoke_json(EMBEDDED)
    report.parent.mkdir(parents=True)
    report.write_text('{"network": "x", "isolation": "files (Landlock 7)\\u001b[2J"}')
    assert "isolated   files (Landlock 7)" in told(EMBEDDED, config, workspace)
    assert "\x1b" not in told(EMBEDDED, config, workspace)
    report.write_text("[]")
    assert "isolated" not in told(EMBEDDED, config, workspace)
