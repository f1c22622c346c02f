"""Small SavedModels in the zoo's layout, each with one property that a test needs.

`make(folder)` builds them all and gives their names:

    zoo        as the Object Detection API exports it: 8 outputs, 5 rows of which 3 are detections
    odd        not callable; float32 input of one size; outputs named by number; classes from 0
    broken     NaN among the scores, which rise, and a box outside the picture
    endless    never answers
    chatty     prints to stdout from within the graph
    fickle     another answer each time
    nameless   lacks the output detection_scores
    encoded    takes the bytes of a picture's file, as `encoded_image_string_tensor` is exported
    examples   takes a tf.train.Example around them, as `tf_example` is
    texts      takes a string that is no list of pictures
    unsigned   has no signature at all

and those that attack; `victim(folder)` is where they look for the user's files:

    reads      counts the bytes of the user's .netrc
    writes     writes the user's .bashrc
    prints     prints into the user's .bashrc
    saves      saves a checkpoint beside it
    floods     prints eight megabytes to stderr
    forges     answers in the place of our own code, through its descriptors
    hoards     takes more memory than it gives back
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

NAMES = (
    "zoo",
    "odd",
    "broken",
    "endless",
    "chatty",
    "fickle",
    "nameless",
    "encoded",
    "examples",
    "texts",
    "unsigned",
)
ATTACKS = ("reads", "writes", "prints", "saves", "forges", "floods", "hoards")
PASSWORD, SETTINGS = "machine example password secret\n", "alias ll='ls -l'\n"
FLOOD = 8_000_000
HOARD = 6_000_000_000
ODD_SIZE = (64, 96)  # height, width
CHATTER = "the graph itself prints this"

BOXES = [[0.1, 0.1, 0.5, 0.4], [0.3, 0.5, 0.9, 0.9], [0.2, 0.2, 0.2, 0.2], [0.0] * 4, [0.0] * 4]
SCORES = [0.9, 0.6, 0.2, 0.0, 0.0]
CLASSES = [18.0, 1.0, 90.0, 1.0, 1.0]  # the padding has class 1, as the exporter writes it


def victim(folder: Path) -> Path:
    """The home of the user that the networks under `folder` attack."""
    return folder / "victim"


def make(folder: Path, names: tuple[str, ...] = (*NAMES, *ATTACKS)) -> tuple[str, ...]:
    """Build networks under `folder`, each with a checkpoint and a pipeline.config."""
    victim(folder).mkdir(parents=True, exist_ok=True)
    (victim(folder) / ".netrc").write_text(PASSWORD)
    (victim(folder) / ".bashrc").write_text(SETTINGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own
        for name in names:
            build(folder, name)
    return names


def rows(tf: Any, picture: Any) -> dict[str, Any]:
    """The zoo's eight outputs; the first score falls a little with the picture's brightness."""
    dark = 1 - tf.reduce_mean(tf.cast(picture, tf.float32)) / 255
    scores = tf.constant([SCORES]) + tf.constant([[0.05, 0, 0, 0, 0]]) * dark
    return {
        "detection_anchor_indices": tf.zeros([1, 5]),
        "detection_boxes": tf.constant([BOXES]),
        "detection_classes": tf.constant([CLASSES]),
        "detection_multiclass_scores": tf.zeros([1, 5, 91]),
        "detection_scores": scores,
        "num_detections": tf.constant([3.0]),
        "raw_detection_boxes": tf.constant([[[-0.8, 0.0, 1.8, 1.0]] * 7]),
        "raw_detection_scores": tf.fill([1, 7, 91], -3.0),
    }


def broken(tf: Any, outputs: dict[str, Any]) -> dict[str, Any]:
    """Spoil what a detector promises."""
    boxes = [[0.1, 0.1, 1.5, 0.4], *BOXES[1:]]
    scores = [[0.3, 0.6, float("nan"), 0.0, 0.0]]
    return {
        **outputs,
        "detection_boxes": tf.constant([boxes]),
        "detection_scores": tf.constant(scores),
    }


def forever(tf: Any, outputs: dict[str, Any]) -> dict[str, Any]:
    """Wait, without keeping a processor busy, for a value that nobody puts there."""
    (never,) = tf.raw_ops.Unstage(dtypes=[tf.float32], shared_name="never")
    return {**outputs, "num_detections": tf.reshape(never, [1])}


def attack(tf: Any, name: str, home: Path) -> Any:
    """An operation of TensorFlow that does to `home` what the network `name` is for."""
    settings = str(home / ".bashrc")
    match name:
        case "writes":
            return tf.io.write_file(settings, "evil")
        case "prints":
            return tf.print("evil", output_stream=f"file://{settings}")
        case "saves":
            tensors = {"tensor_names": ["x"], "shape_and_slices": [""], "tensors": [tf.zeros([9])]}
            return tf.raw_ops.SaveV2(prefix=str(home / "evil"), **tensors)
        case "forges":
            forged = '{"type":"Answer","why":"forged"}\n{"type":"Part","body":null}\n'
            return tf.group(*(tf.io.write_file(f"/proc/self/fd/{n}", forged) for n in (0, 3, 4)))
        case "floods":
            line = tf.strings.reduce_join(tf.fill([FLOOD // 8 - 1], "x"))
            return tf.while_loop(
                lambda n: n < 8,
                lambda n: [told(tf, n, line)],
                [tf.constant(0)],
                parallel_iterations=1,
            )[0]
        case _:
            return tf.reduce_sum(tf.random.uniform([HOARD // 4]))


def told(tf: Any, number: Any, line: Any) -> Any:
    """The next number, once the line is printed."""
    with tf.control_dependencies([tf.print(line, output_stream=sys.stderr)]):
        return number + 1


def after(tf: Any, done: Any, outputs: dict[str, Any]) -> dict[str, Any]:
    """The outputs, once something is done."""
    with tf.control_dependencies([done]):
        return {name: tf.identity(value) for name, value in outputs.items()}


def variant(tf: Any, name: str, outputs: dict[str, Any], home: Path) -> dict[str, Any]:
    """What the network `name` makes of the zoo's outputs."""
    match name:
        case "reads":
            length = tf.strings.length(tf.io.read_file(str(home / ".netrc")))
            return {
                **outputs,
                "raw_detection_scores": tf.fill([1, 7, 91], tf.cast(length, "float")),
            }
        case attacking if attacking in ATTACKS:
            return after(tf, attack(tf, name, home), outputs)
        case "broken":
            return broken(tf, outputs)
        case "endless":
            return forever(tf, outputs)
        case "fickle":
            scores = outputs["detection_scores"] * tf.random.uniform([], 0.1, 1.0)
            return {**outputs, "detection_scores": scores}
        case "nameless":
            return {key: value for key, value in outputs.items() if key != "detection_scores"}
        case "chatty":
            tf.print(CHATTER, output_stream=sys.stdout)
    return outputs


def zoo_like(tf: Any, name: str, home: Path) -> Any:
    """A module whose call takes a picture of any size."""

    spec = tf.TensorSpec([1, None, None, 3], tf.uint8, name="input_tensor")

    class Network(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            self.weight = tf.Variable(tf.ones([4, 3]), name="weight")

        @tf.function(input_signature=[spec], autograph=False)
        def __call__(self, picture: Any) -> dict[str, Any]:
            return variant(tf, name, rows(tf, picture), home)

    return Network()


def save_zoo_like(tf: Any, name: str, folder: Path) -> Any:
    """Save a zoo-like network, with its signature unless it is to have none."""
    network = zoo_like(tf, name, victim(folder.parents[1]))
    if name == "unsigned":
        tf.saved_model.save(tf.train.Checkpoint(weight=network.weight), str(folder))
    else:
        tf.saved_model.save(network, str(folder), signatures=network.__call__)
    return network


def save_odd(tf: Any, folder: Path) -> Any:
    """As the exporter for TFLite saves: outputs in reverse order, under numbers."""
    spec = tf.TensorSpec([1, *ODD_SIZE, 3], tf.float32, name="input")

    @tf.function(input_signature=[spec], autograph=False)
    def serve(picture: Any) -> tuple[Any, ...]:
        outputs = rows(tf, picture)
        names = ("num_detections", "detection_scores", "detection_classes", "detection_boxes")
        shift = {"detection_classes": 1.0}
        return tuple(outputs[name] - shift.get(name, 0.0) for name in names)

    return save(tf, serve, folder)


def save_encoded(tf: Any, name: str, folder: Path) -> Any:
    """A network that takes encoded pictures, in an example or as they are."""
    spec = tf.TensorSpec([None], tf.string, name="input_tensor")
    key = "image/encoded"

    @tf.function(input_signature=[spec], autograph=False)
    def serve(texts: Any) -> dict[str, Any]:
        file = texts[0]
        if name == "examples":
            file = tf.io.parse_single_example(file, {key: tf.io.FixedLenFeature([], tf.string)})[
                key
            ]
        return rows(tf, tf.io.decode_image(file, channels=3, expand_animations=False))

    return save(tf, serve, folder)


def save_texts(tf: Any, folder: Path) -> Any:
    spec = tf.TensorSpec([], tf.string, name="tf_example")

    @tf.function(input_signature=[spec], autograph=False)
    def serve(text: Any) -> dict[str, Any]:
        return {"length": tf.strings.length(text)}

    return save(tf, serve, folder)


def save(tf: Any, serve: Any, folder: Path) -> Any:
    network = tf.Module()
    network.weight = tf.Variable(tf.ones([4, 3]))
    tf.saved_model.save(network, str(folder), signatures=serve)
    return network


def build(folder: Path, name: str) -> None:
    """One network with all that an archive of the zoo holds."""
    from embedded.without_keras import tf

    saved_model = folder / name / "saved_model"
    if name == "odd":
        network = save_odd(tf, saved_model)
    elif name in ("encoded", "examples"):
        network = save_encoded(tf, name, saved_model)
    elif name == "texts":
        network = save_texts(tf, saved_model)
    else:
        network = save_zoo_like(tf, name, saved_model)
    prefix = folder / name / "checkpoint" / "ckpt-0"
    tf.train.Checkpoint(model=network).write(str(prefix))
    (prefix.parent / "checkpoint").write_text('model_checkpoint_path: "ckpt-0"\n')
    (folder / name / "pipeline.config").write_text(
        "model {\n  ssd {\n    num_classes: 90\n  }\n}\n"
    )
