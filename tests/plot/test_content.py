"""Every network is on the plot: as a point, or by name."""

from __future__ import annotations

from tasks.core.paths import Workspace
from tasks.plot.draw import content
from tasks.zoo.entries import entries
from tests.support.shipped import ZOO, row, ship

EMBEDDED = "ssd_tinynet_320x320_cube_digits"
TUTORIAL = "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8"


def test_all_rows_of_the_zoo_are_accounted_for(workspace: Workspace) -> None:
    config = ship(workspace)
    drawn = content(entries(config, workspace), config.wanted)
    assert len(drawn.points) + len(drawn.not_drawn) == ZOO
    assert len({point.name for point in drawn.points}) == len(drawn.points)
    assert drawn.not_drawn == ("ExtremeNet (deprecated)", "ExtremeNet")
    assert drawn.own_not_drawn == (EMBEDDED,)


def test_only_the_network_that_has_no_mAP_of_boxes_is_hollow(  # noqa: N802
    workspace: Workspace,
) -> None:
    config = ship(workspace)
    hollow = [p for p in content(entries(config, workspace), ()).points if p.hollow]
    assert [(p.name, p.ms, p.accuracy, p.best) for p in hollow] == [
        ("centernet_mobilenetv2fpn_512x512_coco17_kpts", 6, 41.7, False)
    ]


def test_the_workspaces_networks_are_marked(workspace: Workspace) -> None:
    config = ship(workspace)
    drawn = content(entries(config, workspace), config.wanted)
    assert [point.name for point in drawn.points if point.marked] == [TUTORIAL]


def test_ones_own_network_with_figures_is_a_point_and_without_is_named_if_it_is_used() -> None:
    rows = (
        row("full", origin="own", speed_ms=5, map_boxes=50.0),
        row("used", origin="own", speed_ms=5),
        row("idle", origin="own"),
    )
    drawn = content(rows, ("used",))
    assert [(point.name, point.title) for point in drawn.points] == [("full", "full")]
    assert (drawn.not_drawn, drawn.own_not_drawn) == ((), ("used",))
