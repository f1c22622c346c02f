"""What sizes of boxes a network looks for."""

from __future__ import annotations

import pytest

from tasks.pipeline_config.anchors import anchors_of

FRCNN = """
model { faster_rcnn {
  image_resizer { keep_aspect_ratio_resizer { min_dimension: 600 max_dimension: 1024 } }
  first_stage_anchor_generator { grid_anchor_generator {
    scales: [0.25, 1.0] aspect_ratios: [0.5, 1.0, 2.0] } } } }
"""
RETINANET = """
model { ssd {
  image_resizer { fixed_shape_resizer { height: 320 width: 640 } }
  anchor_generator { multiscale_anchor_generator {
    min_level: 3 max_level: 4 anchor_scale: 4.0
    aspect_ratios: [1.0, 4.0] scales_per_octave: 2 } } } }
"""
SSD = """
model { ssd {
  image_resizer { fixed_shape_resizer { height: 300 width: 300 } }
  anchor_generator { ssd_anchor_generator {
    num_layers: 2 min_scale: 0.2 max_scale: 0.8 aspect_ratios: 1.0 } } } }
"""
CENTERNET = """
model { center_net {
  image_resizer { fixed_shape_resizer { height: 512 width: 512 } } } }
"""


def rounded(text: str, picture: tuple[float, float]) -> list[tuple[int, int]]:
    anchors = anchors_of(text)
    return [(round(w), round(h)) for w, h in anchors.sizes(anchors.resized(picture))]


def test_a_picture_becomes_as_large_as_the_resizer_says() -> None:
    assert anchors_of(FRCNN).resized((300, 400)) == (600, 800)
    assert anchors_of(FRCNN).resized((100, 1000)) == (102.4, 1024)
    assert anchors_of(RETINANET).resized((100, 100)) == (640, 320)


def test_the_anchors_are_those_of_the_api() -> None:
    assert rounded(FRCNN, (600, 600)) == [
        *((45, 91), (64, 64), (91, 45)),
        *((181, 362), (256, 256), (362, 181)),
    ]
    assert rounded(RETINANET, (9, 9)) == [
        *((32, 32), (64, 16), (45, 45), (91, 23)),
        *((64, 64), (128, 32), (91, 91), (181, 45)),
    ]
    assert rounded(SSD, (9, 9)) == [(30, 30), (85, 42), (42, 85), (240, 240), (268, 268)]


def test_a_box_that_all_anchors_are_larger_than_is_too_small() -> None:
    anchors = anchors_of(FRCNN)
    assert anchors.fit((32, 32), (300, 300)).overlap == pytest.approx(1.0)
    assert anchors.fit((10, 10), (300, 300)).is_too_small
    thin = anchors.fit((300, 20), (300, 300))
    assert (thin.overlap < 0.5, thin.is_too_small) == (True, False)
    assert not anchors.fit((200, 200), (300, 300)).is_too_small


def test_without_anchors_a_box_must_cover_a_place() -> None:
    anchors = anchors_of(CENTERNET)
    assert not anchors.fit((4, 4), (512, 512)).is_too_small
    assert anchors.fit((4, 3), (512, 512)).is_too_small


def test_what_is_no_pipeline_config_is_refused() -> None:
    with pytest.raises(ValueError, match="it holds no model"):
        anchors_of("train_config { batch_size: 2 }")
