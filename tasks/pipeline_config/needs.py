"""What a network's training needs besides boxes, as its own file tells."""

from __future__ import annotations

from tasks.formats.textproto.edit import Document
from tasks.pipeline_config.apply import current, meant

MASKS = "a mask for each object in the records"
KEYPOINTS = "keypoints in the records and in the label map"
HEAD = "model.faster_rcnn.second_stage_box_predictor.mask_rcnn_box_predictor"
# CenterNet's tasks beside boxes, and what each is taught with.
TASKS = {
    "keypoint_estimation_task": KEYPOINTS,
    "mask_estimation_task": MASKS,
    "deepmac_mask_estimation": MASKS,
    "densepose_estimation_task": "DensePose's points in the records",
    "track_estimation_task": "a track for each object in the records",
    "temporal_offset_task": "each object's offset to the frame before in the records",
}


def needs(document: Document) -> str:
    """As a clause, in the catalogue's words; "" if boxes are enough."""
    found = [what for task, what in TASKS.items() if _has(document, f"model.center_net.{task}")]
    stages = meant(document, "model.faster_rcnn.number_of_stages")
    if stages == 3 and meant(document, f"{HEAD}.predict_instance_masks") is True:
        found.append(MASKS)
    if _has(document, "model.faster_rcnn.context_config"):
        found.append("features of other pictures (context_features) in the records")
    told = ", and ".join(dict.fromkeys(found))
    return f"its training needs {told}; boxes are not enough" if told else ""


def _has(document: Document, path: str) -> bool:
    return current(document, path) is not None
