"""A pipeline.config for each meta-architecture, with the quirks that such files have in the wild.

Written for these tests after the API's schema; each can be built by the API.
"""

from __future__ import annotations

_COSINE = """
      learning_rate: {
        cosine_decay_learning_rate {
          learning_rate_base: .04
          total_steps: 25000
          warmup_learning_rate: .013333
          warmup_steps: 2000
        }
      }"""

_RESIZER = """
    image_resizer {
      keep_aspect_ratio_resizer {
        min_dimension: 128
        max_dimension: 128
        pad_to_max_dimension: true
      }
    }"""

_READERS = """
train_input_reader: {
  label_map_path: "PATH_TO_BE_CONFIGURED/label_map.txt"
  tf_record_input_reader {
    input_path: "PATH_TO_BE_CONFIGURED/train-?????-of-00256.tfrecord"
  }
}

eval_config: {
  metrics_set: "coco_detection_metrics"
  use_moving_averages: false
  batch_size: 1;
}

eval_input_reader: {
  label_map_path: "PATH_TO_BE_CONFIGURED/label_map.txt"
  shuffle: false
  num_epochs: 1
  tf_record_input_reader {
    input_path: "PATH_TO_BE_CONFIGURED/val-?????-of-00032.tfrecord"
  }
}
"""

_SECOND_STAGE = """
    first_stage_anchor_generator {
      grid_anchor_generator {
        scales: [0.25, 0.5, 1.0, 2.0]
        aspect_ratios: [0.5, 1.0, 2.0]
        height_stride: 16
        width_stride: 16
      }
    }
    first_stage_box_predictor_conv_hyperparams {
      op: CONV
      regularizer { l2_regularizer { weight: 0.0 } }
      initializer { truncated_normal_initializer { stddev: 0.01 } }
    }
    first_stage_max_proposals: 300
    initial_crop_size: 14
    maxpool_kernel_size: 2
    maxpool_stride: 2
    second_stage_box_predictor {
      mask_rcnn_box_predictor {
        fc_hyperparams {
          op: FC
          regularizer { l2_regularizer { weight: 0.0 } }
          initializer { variance_scaling_initializer { factor: 1.0 uniform: true mode: FAN_AVG } }
        }
        %s
      }
    }
    second_stage_post_processing {
      batch_non_max_suppression {
        score_threshold: 0.0
        iou_threshold: 0.6
        max_detections_per_class: 100
        max_total_detections: 300
      }
      score_converter: SOFTMAX
    }"""

_MASKS = """mask_height: 33
        mask_width: 33
        predict_instance_masks: true
        conv_hyperparams {
          op: CONV
          regularizer { l2_regularizer { weight: 0.0 } }
          initializer { truncated_normal_initializer { stddev: 0.01 } }
        }"""

FASTER_RCNN = f"""# Faster R-CNN, as for a TPU.

model {{
  faster_rcnn {{
    num_classes: 90{_RESIZER}
    feature_extractor {{
      type: 'faster_rcnn_resnet50_keras'
      batch_norm_trainable: true
    }}{_SECOND_STAGE % "share_box_across_classes: true"}
  }}
}}

train_config: {{
  batch_size: 64
  sync_replicas: true
  startup_delay_steps: 0
  replicas_to_aggregate: 8
  num_steps: 25000
  optimizer {{
    momentum_optimizer: {{{_COSINE}
      momentum_optimizer_value: 0.9
    }}
    use_moving_average: false
  }}
  fine_tune_checkpoint_version: V2
  fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED"
  fine_tune_checkpoint_type: "classification"
  data_augmentation_options {{
    random_horizontal_flip {{
    }}
  }}

  max_number_of_boxes: 100
  unpad_groundtruth_tensors: false
  use_bfloat16: true  # works only on TPUs
}}
{_READERS}"""

# Its readers lack a label map, and its checkpoint's type and version are not given.
MASK_RCNN = f"""model {{
  faster_rcnn {{
    number_of_stages: 3
    num_classes: 90
    image_resizer {{
      fixed_shape_resizer {{
        height: 128
        width: 128
        # pad_to_max_dimension: true
      }}
    }}
    feature_extractor {{
      type: 'faster_rcnn_inception_resnet_v2_keras'
    }}{_SECOND_STAGE % _MASKS}
    resize_masks: false
  }}
}}

train_config: {{
  batch_size: 16
  num_steps: 200000
  optimizer {{
    momentum_optimizer: {{
      learning_rate: {{
        cosine_decay_learning_rate {{
          learning_rate_base: 0.008
          total_steps: 200000
          warmup_learning_rate: 0.0
          warmup_steps: 5000
        }}
      }}
    }}
  }}
  fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED"
}}

train_input_reader: {{
  tf_record_input_reader {{
    input_path: "PATH_TO_BE_CONFIGURED"
  }}
  load_instance_masks: true
  mask_type: PNG_MASKS
}}

eval_config: {{
  metrics_set: "coco_detection_metrics"
  metrics_set: "coco_mask_metrics"
  eval_instance_masks: true
}}

eval_input_reader: {{
  label_map_path: "PATH_TO_BE_CONFIGURED"
  shuffle: false
  tf_record_input_reader {{
    input_path: "PATH_TO_BE_CONFIGURED"
  }}
  load_instance_masks: true
  mask_type: PNG_MASKS
}}
"""

_SSD = """
    box_coder {
      faster_rcnn_box_coder { y_scale: 10.0 x_scale: 10.0 height_scale: 5.0 width_scale: 5.0 }
    }
    matcher {
      argmax_matcher { matched_threshold: 0.5 unmatched_threshold: 0.5 }
    }
    similarity_calculator { iou_similarity { } }
    box_predictor {
      weight_shared_convolutional_box_predictor {
        conv_hyperparams {
          regularizer { l2_regularizer { weight: 4e-05 } }
          initializer { random_normal_initializer { mean: 0.0 stddev: 0.01 } }
          activation: RELU_6
        }
        depth: 64
        num_layers_before_predictor: 1
        kernel_size: 3
      }
    }
    anchor_generator {
      multiscale_anchor_generator {
        min_level: 3
        max_level: 7
        anchor_scale: 4.0
        aspect_ratios: 1.0
        aspect_ratios: 2.0
        aspect_ratios: 0.5
        scales_per_octave: 2
      }
    }
    post_processing {
      batch_non_max_suppression {
        score_threshold: 1e-08
        iou_threshold: 0.6
        max_detections_per_class: 100
        max_total_detections: 100
      }
      score_converter: SIGMOID
    }
    loss {
      localization_loss { weighted_smooth_l1 { } }
      classification_loss { weighted_sigmoid_focal { gamma: 2.0 alpha: 0.25 } }
    }
    freeze_batchnorm: false"""

_HYPERPARAMS = """conv_hyperparams {
        regularizer { l2_regularizer { weight: 4e-05 } }
        initializer { truncated_normal_initializer { mean: 0.0 stddev: 0.03 } }
        activation: RELU_6
        batch_norm { decay: 0.99 scale: true epsilon: 0.001 }
      }"""

# The reader for training lacks a label map; use_bfloat16 is not given.
SSD = f"""model {{
  ssd {{
    num_classes: 90
    image_resizer {{
      fixed_shape_resizer {{
        height: 128
        width: 128
      }}
    }}
    feature_extractor {{
      type: "ssd_mobilenet_v2_fpn_keras"
      {_HYPERPARAMS}
      fpn {{ min_level: 3 max_level: 7 additional_layer_depth: 64 }}
    }}{_SSD}
  }}
}}
train_config {{
  batch_size: 128
  sync_replicas: true
  optimizer {{
    momentum_optimizer {{{_COSINE}
    }}
  }}
  fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED"
  num_steps: 50000
  replicas_to_aggregate: 8
  fine_tune_checkpoint_type: "classification"
  fine_tune_checkpoint_version: V2
}}
train_input_reader {{
  tf_record_input_reader {{
    input_path: "PATH_TO_BE_CONFIGURED"
  }}
}}
eval_config {{
  metrics_set: "coco_detection_metrics"
}}
eval_input_reader {{
  label_map_path: "PATH_TO_BE_CONFIGURED"
  tf_record_input_reader {{
    input_path: "PATH_TO_BE_CONFIGURED"
  }}
}}
"""

EFFICIENTDET = f"""model {{
  ssd {{
    num_classes: 90
    add_background_class: false{_RESIZER}
    feature_extractor {{
      type: "ssd_efficientnet-b0_bifpn_keras"
      {_HYPERPARAMS}
      bifpn {{ min_level: 3 max_level: 7 num_iterations: 3 num_filters: 64 }}
    }}{_SSD}
  }}
}}
train_config {{
  batch_size: 128
  data_augmentation_options {{
    random_scale_crop_and_pad_to_square {{ output_size: 128 scale_min: 0.1 scale_max: 2.0 }}
  }}
  sync_replicas: true
  optimizer {{
    momentum_optimizer {{{_COSINE}
    }}
  }}
  fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED"
  num_steps: 300000
  replicas_to_aggregate: 8
  fine_tune_checkpoint_type: "classification"
  use_bfloat16: true
  fine_tune_checkpoint_version: V2
}}
{_READERS}"""

_CENTER = """
    object_detection_task {
      task_loss_weight: 1.0
      offset_loss_weight: 1.0
      scale_loss_weight: 0.1
      localization_loss { l1_localization_loss { } }
    }
    object_center_params {
      object_center_loss_weight: 1.0
      min_box_overlap_iou: 0.7
      max_box_predictions: 100
      classification_loss { penalty_reduced_logistic_focal_loss { alpha: 2.0 beta: 4.0 } }
    }"""

_ADAM = """optimizer {
    adam_optimizer: {
      epsilon: 1e-7  # as Keras has it
      learning_rate: {
        cosine_decay_learning_rate {
          learning_rate_base: 1e-3
          total_steps: 250000
          warmup_learning_rate: 2.5e-4
          warmup_steps: 5000
        }
      }
    }
    use_moving_average: false
  }"""

CENTER_NET = f"""# CenterNet, from "Objects as Points" (https://arxiv.org/abs/1904.07850)
model {{
  center_net {{
    num_classes: 90
    feature_extractor {{
      type: "resnet_v1_18_fpn"
    }}{_RESIZER}{_CENTER}
  }}
}}

train_config: {{

  batch_size: 128
  num_steps: 250000

  {_ADAM}

  max_number_of_boxes: 128
  unpad_groundtruth_tensors: false

  fine_tune_checkpoint_version: V2
  fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED"
  fine_tune_checkpoint_type: "fine_tune"
}}
{_READERS}"""

CENTER_NET_KEYPOINTS = f"""model {{
  center_net {{
    num_classes: 90
    feature_extractor {{
      type: "hourglass_10"
      bgr_ordering: true
      channel_means: [104.01362025, 114.03422265, 119.9165958 ]
    }}{_RESIZER}{_CENTER}
    keypoint_label_map_path: "PATH_TO_BE_CONFIGURED"
    keypoint_estimation_task {{
      task_name: "human_pose"
      keypoint_class_name: "/m/01g317"
      loss {{
        localization_loss {{ l1_localization_loss {{ }} }}
        classification_loss {{ penalty_reduced_logistic_focal_loss {{ alpha: 2.0 beta: 4.0 }} }}
      }}
      keypoint_label_to_std {{ key: "left_ankle" value: 0.89 }}
      keypoint_label_to_std {{ key: "left_ear" value: 0.35 }}
    }}
  }}
}}

train_config: {{
  batch_size: 128
  num_steps: 250000
  optimizer {{
    adam_optimizer: {{
      learning_rate: {{
        manual_step_learning_rate {{
          initial_learning_rate: 1e-3
          schedule {{ step: 100000 learning_rate: 1e-4 }}
          schedule {{ step: 200000 learning_rate: 1e-5 }}
        }}
      }}
    }}
  }}
  fine_tune_checkpoint_version: V2
  fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED"
  fine_tune_checkpoint_type: "detection"
}}

train_input_reader: {{
  label_map_path: "PATH_TO_BE_CONFIGURED"
  external_input_reader {{ }}
  num_keypoints: 17
}}

eval_config: {{
  metrics_set: "coco_detection_metrics"
  num_visualizations: 10
}}

eval_input_reader: {{
  label_map_path: "PATH_TO_BE_CONFIGURED"
  num_epochs: 1
  tf_record_input_reader {{
    input_path: "PATH_TO_BE_CONFIGURED"
  }}
  num_keypoints: 17
}}
"""

ALL = {
    "Faster R-CNN": FASTER_RCNN,
    "Mask R-CNN": MASK_RCNN,
    "SSD": SSD,
    "EfficientDet": EFFICIENTDET,
    "CenterNet": CENTER_NET,
    "CenterNet keypoints": CENTER_NET_KEYPOINTS,
}
BRANCH = {
    "Faster R-CNN": "faster_rcnn",
    "Mask R-CNN": "faster_rcnn",
    "SSD": "ssd",
    "EfficientDet": "ssd",
    "CenterNet": "center_net",
    "CenterNet keypoints": "center_net",
}
