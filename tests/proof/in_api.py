"""What the proofs run inside the Object Detection API's own environment (Python 3.8).

    in_api.py compare FILE       FILE: JSON, a list of {original, tailored, values}
    in_api.py refuse FILE        FILE: JSON, a list of the texts of configs
    in_api.py train CONFIG FOLDER STEPS EVERY
    in_api.py export CONFIG CHECKPOINTS FOLDER

Nothing of the product is imported here: the API judges what the product wrote.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def compare(listing: str) -> None:
    """Have the API read each tailored file, and tell how it differs from what was meant.

    Meant is the original, parsed by the API's own classes, with each value set on the message: so
    all else must be equal.
    """
    from google.protobuf import text_format
    from object_detection.protos import pipeline_pb2
    from object_detection.utils import config_util

    answers = []
    for case in json.loads(Path(listing).read_text()):
        meant = pipeline_pb2.TrainEvalPipelineConfig()
        text_format.Parse(Path(case["original"]).read_text(), meant)
        for path, value in case["values"].items():
            set_value(meant, path, value)
        configs = config_util.get_configs_from_pipeline_file(case["tailored"])
        read = config_util.create_pipeline_proto_from_configs(configs)
        answers.append({"equal": read == meant, "built": built(read)})
    print("ANSWERS " + json.dumps(answers))


def set_value(message: Any, path: str, value: Any) -> None:
    """Set a value in a message; None clears it."""
    *way, last = re.findall(r"(\w+)(?:\[(\d+)\])?", path)
    for name, index in way:
        message = getattr(message, name)
        if hasattr(message, "add"):
            while len(message) <= int(index or 0):
                message.add()
            message = message[int(index or 0)]
    field = message.DESCRIPTOR.fields_by_name[last[0]]
    if value is None:
        message.ClearField(last[0])
    elif hasattr(getattr(message, last[0]), "extend"):  # a list; newer protobufs lack `label`
        del getattr(message, last[0])[:]
        getattr(message, last[0]).extend(value if isinstance(value, list) else [value])
    elif field.enum_type is not None:
        setattr(message, last[0], field.enum_type.values_by_name[value].number)
    else:
        setattr(message, last[0], value)


def built(config: Any) -> str:
    """What the API says to building the network and the optimizer; "" if it builds both."""
    from object_detection.builders import model_builder, optimizer_builder

    try:
        optimizer_builder.build(config.train_config.optimizer, global_step=0)
        if not config.model.center_net.keypoint_estimation_task:  # these ask for a label map
            model_builder.build(config.model, is_training=True)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def refuse(listing: str) -> None:
    """Tell what the API says to each text; "" where it builds everything."""
    from google.protobuf import text_format
    from object_detection.builders import preprocessor_builder
    from object_detection.protos import pipeline_pb2

    answers = []
    for text in json.loads(Path(listing).read_text()):
        config = text_format.Parse(text, pipeline_pb2.TrainEvalPipelineConfig())
        said = built(config)
        try:
            for step in config.train_config.data_augmentation_options:
                augment(*preprocessor_builder.build(step))
        except Exception as error:
            said = said or f"{type(error).__name__}: {error}"
        answers.append(said)
    print("ANSWERS " + json.dumps(answers))


def augment(function: Callable[..., Any], given: dict[str, Any]) -> None:
    """Run the one step that is built whether it works or not."""
    import tensorflow as tf

    if function.__name__ == "autoaugment_image":
        function(tf.zeros([64, 64, 3]), tf.constant([[0.0, 0.0, 1.0, 1.0]]), **given)


def train(config: str, folder: str, steps: str, every: str) -> None:
    """Train as model_main_tf2.py does, and tell the losses each `every` steps."""
    import tensorflow as tf
    from object_detection import model_lib_v2

    logging.getLogger("tensorflow").setLevel(logging.INFO)
    model_lib_v2.LOG_EVERY = int(every)  # the API tells them each 100 steps
    tf.config.threading.set_intra_op_parallelism_threads(2)
    model_lib_v2.train_loop(
        pipeline_config_path=config,
        model_dir=folder,
        train_steps=int(steps),
        checkpoint_every_n=int(steps),
        num_steps_per_iteration=int(every),
    )


def export(config: str, checkpoints: str, folder: str) -> None:
    """Export as exporter_main_v2.py does."""
    from google.protobuf import text_format
    from object_detection import exporter_lib_v2
    from object_detection.protos import pipeline_pb2

    pipeline = pipeline_pb2.TrainEvalPipelineConfig()
    text_format.Parse(Path(config).read_text(), pipeline)
    exporter_lib_v2.export_inference_graph("image_tensor", pipeline, checkpoints, folder)


if __name__ == "__main__":
    ACTIONS: dict[str, Callable[..., None]] = {
        "compare": compare,
        "refuse": refuse,
        "train": train,
        "export": export,
    }
    ACTIONS[sys.argv[1]](*sys.argv[2:])
