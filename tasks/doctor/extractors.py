"""Feature extractors: which of them TensorFlow 2 has, and what became of TensorFlow 1's.

From object_detection/builders/model_builder.py: the maps under `tf_version.is_tf2()` and
`tf_version.is_tf1()`. Which network of the zoo has which, from the pipeline.config of each.
"""

from __future__ import annotations

from difflib import get_close_matches

from tasks.core.text import printable

RESNETS = ("50", "101", "152")
KNOWN: dict[str, frozenset[str]] = {
    "ssd": frozenset(
        {f"ssd_mobilenet_{v}{fpn}_keras" for v in ("v1", "v2") for fpn in ("", "_fpn")}
        | {f"ssd_resnet{depth}_v1_fpn_keras" for depth in RESNETS}
        | {f"ssd_efficientnet-b{number}_bifpn_keras" for number in range(8)}
    ),
    "faster_rcnn": frozenset(
        {f"faster_rcnn_resnet{depth}{fpn}_keras" for depth in RESNETS for fpn in ("", "_fpn")}
        | {"faster_rcnn_inception_resnet_v2_keras"}
    ),
    "center_net": frozenset(
        {f"hourglass_{depth}" for depth in (10, 20, 32, 52, 104)}
        | {f"resnet_v1_{depth}_fpn" for depth in (18, 34, 50, 101)}
        | {"resnet_v2_50", "resnet_v2_101"}
        | {"mobilenet_v2", "mobilenet_v2_fpn", "mobilenet_v2_fpn_sep_conv"}
    ),
}
SMALL = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
# A name of TensorFlow 1 → the network of the zoo to take: that of its counterpart, which has the
# same name and `_keras`, or the one most like it in size and purpose if there is no counterpart.
FORMER = {
    "ssd_mobilenet_v1": "ssd_mobilenet_v2_320x320_coco17_tpu-8",
    "ssd_mobilenet_v1_fpn": "ssd_mobilenet_v1_fpn_640x640_coco17_tpu-8",
    "ssd_mobilenet_v2": "ssd_mobilenet_v2_320x320_coco17_tpu-8",
    "ssd_mobilenet_v2_fpn": SMALL,
    "ssd_resnet50_v1_fpn": "ssd_resnet50_v1_fpn_640x640_coco17_tpu-8",
    "ssd_resnet101_v1_fpn": "ssd_resnet101_v1_fpn_640x640_coco17_tpu-8",
    "ssd_resnet152_v1_fpn": "ssd_resnet152_v1_fpn_640x640_coco17_tpu-8",
    "ssd_resnet50_v1_ppn": "ssd_resnet50_v1_fpn_640x640_coco17_tpu-8",
    "ssd_resnet101_v1_ppn": "ssd_resnet101_v1_fpn_640x640_coco17_tpu-8",
    "ssd_resnet152_v1_ppn": "ssd_resnet152_v1_fpn_640x640_coco17_tpu-8",
    "ssd_inception_v2": "efficientdet_d0_coco17_tpu-32",
    "ssd_inception_v3": "efficientdet_d1_coco17_tpu-32",
    "ssd_pnasnet": "efficientdet_d2_coco17_tpu-32",
    "ssd_mobilenet_v1_ppn": SMALL,
    "ssd_mobilenet_v2_mnasfpn": SMALL,
    "ssd_mobilenet_v3_large": SMALL,
    "ssd_mobilenet_v3_small": SMALL,
    "ssd_mobilenet_edgetpu": SMALL,
    "ssd_mobiledet_cpu": SMALL,
    "ssd_mobiledet_dsp": SMALL,
    "ssd_mobiledet_edgetpu": SMALL,
    "ssd_mobiledet_gpu": SMALL,
    "ssd_spaghettinet": SMALL,
    "embedded_ssd_mobilenet_v1": SMALL,
    "faster_rcnn_resnet50": "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8",
    "faster_rcnn_resnet101": "faster_rcnn_resnet101_v1_640x640_coco17_tpu-8",
    "faster_rcnn_resnet152": "faster_rcnn_resnet152_v1_640x640_coco17_tpu-8",
    "faster_rcnn_inception_v2": "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8",
    "faster_rcnn_inception_resnet_v2": "faster_rcnn_inception_resnet_v2_640x640_coco17_tpu-8",
    "faster_rcnn_nas": "faster_rcnn_inception_resnet_v2_1024x1024_coco17_tpu-8",
    "faster_rcnn_pnas": "faster_rcnn_inception_resnet_v2_1024x1024_coco17_tpu-8",
}


def fault(branch: str, name: str) -> str:
    """Why TensorFlow 2 can't build a model of this architecture with this extractor, as a clause;
    "" if it can."""
    if name in KNOWN[branch]:
        return ""
    said = f"feature_extractor {printable(name)}"
    if not name:
        return "feature_extractor has no type"
    if name in FORMER:
        return f"{said} is of TensorFlow 1; {_instead(name)}"
    if others := [other for other, names in KNOWN.items() if name in names]:
        return f"{said} is one for {others[0]}, and the model is {branch}"
    close = get_close_matches(name, KNOWN[branch], 1, 0.8)
    hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(sorted(KNOWN[branch]))}"
    return f"{said} does not exist in TensorFlow 2 for {branch}; {hint}"


def _instead(name: str) -> str:
    counterpart = f"{name}_keras"
    if any(counterpart in names for names in KNOWN.values()):
        return f"its counterpart is {counterpart}; take {FORMER[name]} of the zoo"
    return f"it has no counterpart; take {FORMER[name]} of the zoo"
