"""The embedded network's own trainer: what it starts from; that it goes on as if undisturbed."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from embedded import LABELS
from embedded.finetune import (
    BEST,
    SIGNALS,
    STATE,
    Request,
    Run,
    best_weights,
    main,
    starting_weights,
    train,
    use_device,
)
from embedded.pack import ARCHIVE, unpack
from embedded.scenes import scene
from embedded.splits import EXAMPLES
from tasks.formats.tf_record import Bytes, Floats, Ints, encode_example, frame

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # TensorFlow's own
LABELS_OF_OURS = {"one": 1, "a new one": 2}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(ARCHIVE, tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Six scenes, as the step `records` would write them."""
    path = tmp_path_factory.mktemp("records") / "train.record"
    with path.open("wb") as file:
        for seed in EXAMPLES.seeds(6, offset=700_000):
            drawn = scene(seed, labels=("one", "two"))
            stream = BytesIO()
            Image.fromarray(drawn.picture).save(stream, "PNG")
            shares = drawn.boxes / np.float32(drawn.picture.shape[0])
            sides = zip(("ymin", "xmin", "ymax", "xmax"), shares.T.tolist(), strict=True)
            boxes = {f"image/object/bbox/{name}": Floats(values) for name, values in sides}
            classes = Ints(1 + (label == "two") for label in drawn.labels)
            file.write(
                frame(
                    encode_example(
                        {
                            "image/encoded": Bytes([stream.getvalue()]),
                            "image/object/class/label": classes,
                            **boxes,
                        }
                    )
                )
            )
    return str(path)


class KilledError(BaseException):
    """In the place of a signal that nothing can catch."""


def request(network: Path, record: str, run: Path, **more: Any) -> Request:
    run.mkdir(exist_ok=True)
    usual = {"steps": 6, "evaluate_every": 3, "report_every": 1, "held_out": [], "batch_size": 4}
    return Request(
        network=str(network),
        labels=LABELS_OF_OURS,
        train=[record],
        test=[],
        run=str(run),
        **{**usual, **more},
    )


def never() -> bool:
    return False


def test_an_output_starts_from_the_one_of_its_label(network: Path) -> None:
    weights = starting_weights(network, LABELS_OF_OURS)
    shipped = starting_weights(network, {label: n for n, label in enumerate(LABELS, 1)})
    assert weights["classes/kernel"].shape[-1] == 2
    assert np.array_equal(weights["classes/kernel"][..., 0], shipped["classes/kernel"][..., 0])
    assert np.abs(weights["classes/kernel"][..., 1]).max() < 0.1
    assert weights["classes/bias"][1] == -4


def test_a_killed_training_goes_on_to_the_very_weights_of_an_undisturbed_one(
    network: Path, record: str, tmp_path: Path
) -> None:
    losses: dict[str, dict[int, float]] = {"whole": {}, "killed": {}}

    def told(name: str, dies_at: int = 0) -> Any:
        def say(kind: str, **values: Any) -> None:
            if kind == "step":
                losses[name][values["step"]] = values["loss"]
                if values["step"] == dies_at:
                    raise KilledError
            if kind == "begin" and not dies_at:
                assert values["step"] == (0 if name == "whole" else 3)

        return say

    whole = request(network, record, tmp_path / "whole")
    assert train(whole, told("whole"), never) == "steps"
    killed = request(network, record, tmp_path / "killed")
    with pytest.raises(KilledError):
        train(killed, told("killed", dies_at=5), never)
    assert train(killed, told("killed"), never) == "steps"

    assert losses["killed"] == losses["whole"]
    one, other = (best_weights(tmp_path / name) for name in ("whole", "killed"))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_pictures_without_any_box_are_refused(network: Path, tmp_path: Path) -> None:
    stream = BytesIO()
    Image.new("RGB", (32, 32)).save(stream, "PNG")
    empty = tmp_path / "empty.record"
    empty.write_bytes(frame(encode_example({"image/encoded": Bytes([stream.getvalue()])})))
    asked = request(network, str(empty), tmp_path / "run")
    with pytest.raises(ValueError, match="no picture to train on has a box"):
        train(asked, lambda *_, **__: None, never)


def test_a_signal_leaves_a_checkpoint_of_that_step(
    network: Path, record: str, tmp_path: Path
) -> None:
    asked = request(network, record, tmp_path / "run", evaluate_every=100)
    steps: list[int] = []

    def say(kind: str, **values: Any) -> None:
        steps.extend([values["step"]] if kind == "step" else [])

    assert train(asked, say, lambda: len(steps) >= 2) == "signal"
    run = Run(Path(asked.run), starting_weights(network, LABELS_OF_OURS))
    assert run.restore()
    assert run.step == steps[-1]
    assert not (tmp_path / "run" / BEST).exists()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_named(network: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / STATE).write_bytes(content)
    run = Run(tmp_path, starting_weights(network, LABELS_OF_OURS))
    with pytest.raises(ValueError, match="can't be gone on with"):
        run.restore()


def test_a_checkpoint_of_other_labels_is_named(network: Path, tmp_path: Path) -> None:
    Run(tmp_path, starting_weights(network, {"one": 1})).save()
    run = Run(tmp_path, starting_weights(network, LABELS_OF_OURS))
    with pytest.raises(ValueError, match="can't be gone on with"):
        run.restore()


def test_a_disk_that_is_full_leaves_the_checkpoint_before(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path, starting_weights(network, LABELS_OF_OURS))
    run.step = 3
    run.save()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    run.step = 4
    with pytest.raises(OSError, match="No space"):
        run.save()
    assert [path.name for path in tmp_path.iterdir()] == [STATE]
    assert run.restore()
    assert run.step == 3


def test_best_weights_that_were_lost_after_the_last_step_are_there_again(
    network: Path, record: str, tmp_path: Path
) -> None:
    asked = request(network, record, tmp_path / "run", steps=2, held_out=[record])
    told: list[str] = []
    assert train(asked, lambda kind, **_: told.append(kind), never) == "steps"
    (tmp_path / "run" / BEST).unlink()
    told.clear()
    assert train(asked, lambda kind, **_: told.append(kind), never) == "steps"
    assert told == ["begin", "evaluation"]
    assert best_weights(tmp_path / "run")


def test_a_trainer_that_is_left_alone_leaves_a_checkpoint_and_ends(
    network: Path, record: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(network, record, tmp_path / "run", steps=10_000, evaluate_every=10_000)
    (tmp_path / "asked.json").write_text(json.dumps({"verb": "train", **asdict(asked)}))
    monkeypatch.setattr(sys, "argv", ["finetune", str(tmp_path / "asked.json")])
    with nobody_listens():
        assert main() == 128 + signal.SIGTERM
    run = Run(tmp_path / "run", starting_weights(network, LABELS_OF_OURS))
    assert run.restore()
    assert run.step == 1


@contextmanager
def nobody_listens() -> Iterator[None]:
    """As it is for a trainer whose parent was killed: its standard output leads nowhere. What
    `main` changes in this process is as before afterwards."""
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    handlers = {number: signal.getsignal(number) for number in numbers}
    kept, (reading, writing) = os.dup(1), os.pipe()
    os.close(reading)
    os.dup2(writing, 1)
    os.close(writing)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        for number, handler in handlers.items():
            signal.signal(number, handler)


@pytest.mark.parametrize(
    ("device", "why"),
    [
        ("gpu", "device gpu is asked for, and TensorFlow sees none"),
        ("tpu", "trained on cpu or gpu"),
    ],
)
def test_a_device_that_is_not_here_is_named(
    device: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda *_: [])
    with pytest.raises(ValueError, match=why):
        use_device(device)
