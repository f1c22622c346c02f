"""The text of pipeline.config: the network in the words of the Object Detection API's schema."""

from collections.abc import Sequence

from embedded import LABELS, NAME

_TEXT = """\
# {name}
#
# This network was NOT trained by the TensorFlow Object Detection API and can NOT be fine-tuned
# by it: the API has no feature extractor of this type. The file describes the network in the
# API's schema, so that tools which read such files can read it; `embedded/README.md` of the
# project that ships it tells the rest. Remarks below say what the schema cannot.
model {{
  ssd {{
    num_classes: {classes}  # ids 1..{classes}: {labels}
    image_resizer {{
      # Bilinear with antialiasing; the padding is black, to the right or below.
      keep_aspect_ratio_resizer {{
        min_dimension: 320
        max_dimension: 320
        pad_to_max_dimension: true
      }}
    }}
    feature_extractor {{
      type: "ssd_tinynet"  # 17 convolutions, see embedded/network.py
      conv_hyperparams {{
        initializer {{
          variance_scaling_initializer {{
            factor: 2.0
            uniform: false
            mode: FAN_IN
          }}
        }}
        activation: RELU
        batch_norm {{  # folded into the kernels of the archive
          decay: 0.97
          scale: true
          epsilon: 0.001
        }}
      }}
      fpn {{
        min_level: 3
        max_level: 3
      }}
    }}
    box_coder {{
      faster_rcnn_box_coder {{
        y_scale: 10.0
        x_scale: 10.0
        height_scale: 5.0
        width_scale: 5.0
      }}
    }}
    # No matcher: a digit belongs to the anchors within a stride of its centre (embedded/assign.py).
    box_predictor {{
      weight_shared_convolutional_box_predictor {{
        depth: 64
        num_layers_before_predictor: 1
        kernel_size: 3  # of that layer; the outputs are 1x1
        share_prediction_tower: true
        class_prediction_bias_init: -4.0
      }}
    }}
    anchor_generator {{
      multiscale_anchor_generator {{  # one square anchor of 32 pixels at 40x40 places
        min_level: 3
        max_level: 3
        anchor_scale: 4.0
        aspect_ratios: 1.0
        scales_per_octave: 1
      }}
    }}
    post_processing {{
      batch_non_max_suppression {{
        score_threshold: 0.01
        iou_threshold: 0.5
        max_detections_per_class: 100
        max_total_detections: 100
      }}
      score_converter: SIGMOID
    }}
    normalize_loss_by_num_matches: true
    encode_background_as_zeros: true  # column 0 of the class scores is always 0
    loss {{
      localization_loss {{
        weighted_giou {{
        }}
      }}
      # Classes: quality focal loss (beta 2), for which the schema has no message.
      classification_weight: 1.0
      localization_weight: 2.0
    }}
  }}
}}
train_config {{
  # What the training in embedded/ did; its augmentation is in embedded/augment.py.
  batch_size: {batch_size}
  num_steps: {steps}
  optimizer {{
    adam_optimizer {{  # AdamW with a decoupled weight decay of 0.02
      learning_rate {{
        cosine_decay_learning_rate {{
          learning_rate_base: {rate}
          total_steps: {steps}
          warmup_learning_rate: 0.0
          warmup_steps: {warm_up}
        }}
      }}
    }}
    use_moving_average: true
    moving_average_decay: 0.999
  }}
  max_number_of_boxes: 12
  # {origin} The paths below are the zoo's usual blanks.
  fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED"
  fine_tune_checkpoint_type: "detection"
  fine_tune_checkpoint_version: V2
  use_bfloat16: false
}}
train_input_reader {{
  label_map_path: "PATH_TO_BE_CONFIGURED"
  tf_record_input_reader {{
    input_path: "PATH_TO_BE_CONFIGURED"
  }}
}}
eval_config {{
  metrics_set: "coco_detection_metrics"
  use_moving_averages: false  # the archive holds the averages already
}}
eval_input_reader {{
  label_map_path: "PATH_TO_BE_CONFIGURED"
  shuffle: false
  num_epochs: 1
  tf_record_input_reader {{
    input_path: "PATH_TO_BE_CONFIGURED"
  }}
}}
"""


def pipeline_config(
    steps: int,
    name: str = NAME,
    labels: Sequence[str] = LABELS,
    rate: float = 0.003,
    warm_up: int = 300,
    batch_size: int = 16,
    parent: str = "",
) -> str:
    """pipeline.config of a network trained for `steps` steps on these labels, the learning rate
    rising to `rate` in `warm_up` of them; from the weights of `parent`, or from scratch."""
    return _TEXT.format(
        name=name,
        classes=len(labels),
        labels=", ".join(labels),
        steps=steps,
        rate=rate,
        warm_up=warm_up,
        batch_size=batch_size,
        origin=f"Fine-tuned from {parent}." if parent else "Trained from scratch.",
    )
