"""The shipped network at work: signature, accuracy, any picture size, the same again."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from embedded import LABELS
from embedded.detector import Found, Signature, detect, load, load_archive
from embedded.export import Detector, rounded
from embedded.network import LAYERS, parameters
from embedded.pack import ARCHIVE, MEMBERS, unpack
from embedded.render import Scenes, rows_of
from embedded.scenes import Scene, scene
from embedded.scoring import average_precision, judge, truth_of
from embedded.splits import EXAMPLES
from embedded.training import Folded, fold, train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # TensorFlow's own
]

SHAPES = {
    "detection_anchor_indices": (1, 100),
    "detection_boxes": (1, 100, 4),
    "detection_classes": (1, 100),
    "detection_multiclass_scores": (1, 100, 7),
    "detection_scores": (1, 100),
    "num_detections": (1,),
    "raw_detection_boxes": (1, 1600, 4),
    "raw_detection_scores": (1, 1600, 7),
}
LEAST_F1 = 0.85


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(ARCHIVE, tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def signature(network: Path) -> Signature:
    return load(network)


@pytest.fixture(scope="module")
def held_out() -> list[Scene]:
    """Twenty-four scenes of seeds that neither taught nor tuned the network."""
    return [scene(seed) for seed in EXAMPLES.seeds(24, offset=900_000)]


@pytest.fixture(scope="module")
def weights(network: Path) -> Folded:
    """The archive's weights, read from its checkpoint."""
    from embedded.without_keras import tf

    reader = tf.train.load_checkpoint(str(network / "checkpoint" / "ckpt-0"))
    return {
        name: reader.get_tensor(
            f"model/weights/{name.replace('/', '.S')}/.ATTRIBUTES/VARIABLE_VALUE"
        )
        for layer in LAYERS
        for name in (f"{layer}/kernel", f"{layer}/bias")
    }


def _outputs(signature: Signature, picture: npt.NDArray[np.uint8]) -> dict[str, Any]:
    from embedded.without_keras import tf

    return {k: v.numpy() for k, v in signature(input_tensor=tf.constant(picture[None])).items()}


def f1(finder: Callable[[npt.NDArray[np.uint8]], Found], scenes: list[Scene]) -> float:
    """The harmonic mean of precision and recall at score 0.5."""
    judged = judge([(truth_of(s), finder(s.picture)) for s in scenes], 0.5)
    return 2 * judged.right / max(1, judged.claimed + judged.present)


def _finder(weights: Folded) -> Callable[[npt.NDArray[np.uint8]], Found]:
    """A network exported anew from some weights, as a function of a picture."""
    detector = Detector(weights)

    def serve(input_tensor: Any) -> dict[str, Any]:
        outputs: dict[str, Any] = detector(input_tensor)
        return outputs

    return lambda picture: detect(serve, picture)


def test_the_signature_is_that_of_the_zoos_ssd_networks(signature: Signature) -> None:
    from embedded.without_keras import tf

    (positional, named) = signature.structured_input_signature  # type: ignore[attr-defined]
    assert positional == ()
    assert named == {"input_tensor": tf.TensorSpec([1, None, None, 3], tf.uint8, "input_tensor")}
    outputs = signature.structured_outputs  # type: ignore[attr-defined]
    assert {k: tuple(v.shape) for k, v in outputs.items()} == SHAPES
    assert {v.dtype for v in outputs.values()} == {tf.float32}


def test_a_plain_process_loads_and_calls_it_without_our_code(network: Path) -> None:
    code = (
        "import sys, tensorflow as tf\n"
        f"model = tf.saved_model.load({str(network / 'saved_model')!r})\n"
        "out = model(tf.zeros([1, 50, 70, 3], tf.uint8))\n"
        "assert len(out) == 8 and not any(m.startswith('embedded') for m in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=network
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("size", [(64, 48), (320, 320), (640, 480), (333, 500), (4000, 3000)])
def test_any_picture_size_gives_sound_detections(
    signature: Signature, size: tuple[int, int]
) -> None:
    drawn = scene(EXAMPLES.first_seed + 7, size=(max(64, size[0] // 4), max(64, size[1] // 4)))
    rows = np.arange(size[1]) * drawn.picture.shape[0] // size[1]
    columns = np.arange(size[0]) * drawn.picture.shape[1] // size[0]
    outputs = _outputs(signature, drawn.picture[rows][:, columns])
    assert {k: v.shape for k, v in outputs.items()} == SHAPES
    assert all(np.isfinite(v).all() for v in outputs.values())
    n = int(outputs["num_detections"][0])
    assert 0 <= n <= 100
    boxes, scores = outputs["detection_boxes"][0], outputs["detection_scores"][0]
    classes = outputs["detection_classes"][0]
    assert (boxes >= 0).all() and (boxes <= 1).all()  # noqa: PT018
    assert (boxes[:, :2] <= boxes[:, 2:]).all()
    assert (np.diff(scores) <= 0).all()
    assert set(classes[:n]) <= set(range(1, len(LABELS) + 1))
    assert (boxes[n:] == 0).all()
    assert (scores[n:] == 0).all()
    assert (classes[n:] == 1).all()
    best = outputs["detection_multiclass_scores"][0, np.arange(n), classes[:n].astype(int)]
    assert np.array_equal(best, scores[:n])


def test_a_photograph_of_twelve_megapixels_is_searched_as_well_as_a_small_one(
    signature: Signature,
) -> None:
    drawn = scene(EXAMPLES.first_seed + 21, size=(800, 600))
    large = drawn.picture.repeat(5, axis=0).repeat(5, axis=1)
    found = detect(signature, large)
    sure = found.scores >= 0.5
    small = Found(found.boxes[sure] / np.float32(5), found.classes[sure], found.scores[sure])
    judged = judge([(truth_of(drawn), small)], 0.5)
    assert judged.present >= 2
    assert judged.right >= judged.present - 1


def test_held_out_digits_are_found(signature: Signature, held_out: list[Scene]) -> None:
    assert f1(lambda picture: detect(signature, picture), held_out) >= LEAST_F1


def test_cocos_average_precision_agrees(signature: Signature, held_out: list[Scene]) -> None:
    pytest.importorskip("pycocotools")
    pairs = [(truth_of(s), detect(signature, s.picture)) for s in held_out]
    figures = average_precision(pairs)
    assert figures["map50"] >= 0.88
    assert figures["map"] >= 0.65


def test_a_sound_export_of_the_checkpoint_passes_the_bound(
    weights: Folded, held_out: list[Scene]
) -> None:
    assert f1(_finder(weights), held_out) >= LEAST_F1


def test_a_horizontally_flipped_export_fails_the_bound(
    weights: Folded, held_out: list[Scene]
) -> None:
    flipped = {k: v[:, ::-1] if k.endswith("/kernel") else v for k, v in weights.items()}
    assert f1(_finder(flipped), held_out) < LEAST_F1 / 2


def test_an_export_with_shuffled_labels_fails_the_bound(
    weights: Folded, held_out: list[Scene]
) -> None:
    order = [1, 0, 2, 3, 5, 4]
    shuffled = {k: v[..., order] if k.startswith("classes/") else v for k, v in weights.items()}
    assert f1(_finder(shuffled), held_out) < LEAST_F1


def test_the_same_picture_twice_gives_the_same_output(
    signature: Signature, held_out: list[Scene]
) -> None:
    first, second = (_outputs(signature, held_out[0].picture) for _ in range(2))
    assert all(np.array_equal(first[k], second[k]) for k in SHAPES)


def test_a_black_picture_shows_next_to_nothing(signature: Signature) -> None:
    found = detect(signature, np.zeros((320, 320, 3), np.uint8))
    assert (found.scores > 0.5).sum() <= 1


def test_the_network_is_below_three_hundred_thousand_parameters(weights: Folded) -> None:
    assert sum(v.size for v in weights.values()) == parameters() < 300_000


def test_checkpoint_and_saved_model_hold_the_same_weights(network: Path, weights: Folded) -> None:
    from embedded.without_keras import tf

    served = {
        v.name.split(":")[0]: v.numpy()
        for v in tf.saved_model.load(str(network / "saved_model")).weights.values()
    }
    assert served.keys() == weights.keys()
    assert all(np.array_equal(served[name], weights[name]) for name in weights)


def test_weights_are_rounded_to_few_bits_and_stay_near(weights: Folded) -> None:
    for value in weights.values():
        assert np.array_equal(rounded(value), value)
    fine = np.random.default_rng(0).normal(0, 1, 1000).astype(np.float32)
    assert np.abs(rounded(fine) / fine - 1).max() <= 2**-8
    assert rounded(np.zeros(3, np.float32)).tolist() == [0, 0, 0]


def test_loading_and_the_first_inference_take_at_most_three_seconds(held_out: list[Scene]) -> None:
    """Counted in processor time, which a busy machine does not stretch."""
    start = time.process_time()
    signature = load_archive(ARCHIVE)
    detect(signature, held_out[0].picture)
    assert time.process_time() - start <= 3.0


def test_folding_batch_norm_changes_no_output() -> None:
    from embedded.without_keras import tf

    rng = np.random.default_rng(5)
    parts = {
        f"{name}/{part}": rng.uniform(0.5, 1.5, c.outputs).astype(np.float32)
        for name, c in LAYERS.items()
        for part in ("bias", "scale", "mean", "variance")
    }
    for name, c in LAYERS.items():
        shape = (c.kernel, c.kernel, c.inputs, c.outputs)
        parts[f"{name}/kernel"] = rng.normal(0, 0.1, shape).astype(np.float32)
    folded = fold(parts)
    x = rng.normal(0, 1, (1, 16, 16, 3)).astype(np.float32)
    plain = tf.nn.conv2d(x, parts["stem/kernel"], 4, "SAME")
    normed = tf.nn.batch_normalization(
        plain,
        parts["stem/mean"],
        parts["stem/variance"],
        parts["stem/bias"],
        parts["stem/scale"],
        1e-3,
    )
    after = tf.nn.conv2d(x, folded["stem/kernel"], 4, "SAME") + folded["stem/bias"]
    assert np.abs(after - normed).max() < 1e-4
    assert np.array_equal(folded["classes/kernel"], parts["classes/kernel"])


@pytest.mark.timeout(400)
def test_two_trainings_give_the_same_weights() -> None:
    drawn = [scene(seed) for seed in EXAMPLES.seeds(8)]
    scenes = Scenes(np.stack([s.picture for s in drawn]), np.stack([rows_of(s) for s in drawn]))
    losses: list[float] = []
    first, second = (train(scenes, 2, lambda _, loss: losses.append(loss)) for _ in range(2))
    assert losses[0] == losses[1]
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.timeout(400)
def test_exporting_its_weights_again_gives_the_archives_own_bytes(
    network: Path, weights: Folded, tmp_path: Path
) -> None:
    """In a process of its own, as training does it; for the release of TensorFlow locked here."""
    steps = re.search(r"num_steps: (\d+)", (network / "pipeline.config").read_text())
    assert steps
    np.savez(tmp_path / "weights.npz", allow_pickle=False, **weights)
    command = [sys.executable, "-m", "embedded.export", str(tmp_path / "weights.npz")]
    subprocess.run([*command, str(tmp_path / "again"), "--steps", steps[1]], check=True)
    for member in MEMBERS:
        assert (tmp_path / "again" / member).read_bytes() == (network / member).read_bytes(), member
