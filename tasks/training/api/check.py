"""Whether the API works here: it builds a small model."""

from __future__ import annotations

from google.protobuf import text_format
from object_detection import exporter_lib_v2, model_lib_v2  # noqa: F401  what training needs
from object_detection.builders import model_builder
from object_detection.protos import model_pb2

MODEL = """
center_net {
  num_classes: 1
  feature_extractor { type: "resnet_v1_18_fpn" }
  image_resizer { fixed_shape_resizer { height: 64 width: 64 } }
  object_detection_task { task_loss_weight: 1.0
    localization_loss { l1_localization_loss {} } }
  object_center_params { object_center_loss_weight: 1.0
    classification_loss { penalty_reduced_logistic_focal_loss {} } }
}
"""


def check() -> None:
    """Build it.

    Raises:
        Exception: whatever the API raises.
    """
    model = text_format.Parse(MODEL, model_pb2.DetectionModel())
    model_builder.build(model, is_training=True)
