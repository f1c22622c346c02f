"""The training loop around the Object Detection API's own functions.

It is that of model_lib_v2.train_loop, with what that lacks: mAP on the way, the best checkpoint
kept, an early stop, a checkpoint at a signal, and an end at the first loss that is no number. The
folder is as model_main_tf2.py leaves it (ckpt-N, checkpoint), so that either goes on from the
other; the best checkpoint lies in `best/`.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import tensorflow as tf
from msgspec import Struct
from object_detection import eval_util, inputs, model_lib, model_lib_v2
from object_detection.builders import model_builder, optimizer_builder
from object_detection.core.standard_fields import InputDataFields
from object_detection.utils import config_util, label_map_util

from tasks.training.api.devices import strategy_of

BEST = "best"
MAP, MAP_50 = "DetectionBoxes_Precision/mAP", "DetectionBoxes_Precision/mAP@.50IOU"


Say = Callable[..., None]
Configs = dict[str, Any]


class Request(Struct, frozen=True, kw_only=True, tag_field="verb", tag="train"):
    """What is to be trained.

    Attributes:
        config: the pipeline.config, which says all but what follows here.
        run: folder of the training; what is there is gone on with.
        train, held_out, test: record files to learn from, to measure by on the way, and to measure
            by once at the end. Where the second is empty, the last weights count as the best.
        steps: of the whole training, those of earlier runs included.
        evaluate_every: steps between two measurements, each of which leaves a checkpoint.
        patience: measurements without a new best after which to stop; 0: never.
        warm_up: steps before the first measurement that counts for patience.
        report_every: steps between two `step` messages.
        device: `cpu`, `gpu` or `tpu`.
        replicas: devices of this machine that train together. Where the variable TF_CONFIG names
            several machines, all of these do.
    """

    config: str
    run: str
    train: tuple[str, ...]
    held_out: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    steps: int
    evaluate_every: int = 100
    patience: int = 0
    warm_up: int = 0
    report_every: int = 10
    device: str = "cpu"
    replicas: int = 1


class Export(Struct, frozen=True, kw_only=True, tag_field="verb", tag="export"):
    """What is to be exported.

    Attributes:
        config, run: as in `Request`; the run's best checkpoint is taken.
        folder: a new or empty one, which becomes the network's.
    """

    config: str
    run: str
    folder: str


NO_PATH = "PATH_TO_BE_CONFIGURED"
"""What the zoo's own files have for paths of the machine that trained them."""


def export(asked: Export) -> None:
    """Export the best checkpoint in the zoo's layout."""
    from object_detection import exporter_lib_v2

    configs = config_util.get_configs_from_pipeline_file(asked.config)
    configs["train_config"].fine_tune_checkpoint = NO_PATH
    for reader in (configs["train_input_config"], *configs["eval_input_configs"]):
        reader.label_map_path = NO_PATH
        reader.tf_record_input_reader.input_path[:] = [NO_PATH]
    pipeline = config_util.create_pipeline_proto_from_configs(configs)
    best = os.path.join(asked.run, BEST)
    exporter_lib_v2.export_inference_graph("image_tensor", pipeline, best, asked.folder)


def test(request: Request, say: Say) -> None:
    """Measure the best checkpoint on the test pictures."""
    if not request.test:
        return
    configs = configs_of(request)
    configs["eval_input_configs"][0].tf_record_input_reader.input_path[:] = request.test
    model = model_builder.build(configs["model"], is_training=False)
    best = tf.train.latest_checkpoint(os.path.join(request.run, BEST))
    tf.train.Checkpoint(model=model).restore(best).expect_partial()
    figures = evaluator(model, configs)()
    say("final", map=figures[MAP], map_50=figures[MAP_50])


def configs_of(request: Request) -> Configs:
    """The pipeline.config as the API has it, with this request's files in place of its own."""
    configs: Configs = config_util.get_configs_from_pipeline_file(request.config)
    configs["train_input_config"].tf_record_input_reader.input_path[:] = request.train
    if request.held_out:
        configs["eval_input_configs"][0].tf_record_input_reader.input_path[:] = request.held_out
    return configs


def train(request: Request, say: Say, stopped: Callable[[], bool]) -> str:
    """Train; why it ended: `steps`, `patience`, `signal` or `nan`."""
    began = time.monotonic()
    configs, strategy = configs_of(request), strategy_of(request.device, request.replicas)
    if configs["train_config"].use_bfloat16:
        tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    with strategy.scope():
        run = _Run(request, configs, strategy)
        resumed = run.prepare()
    say(
        "begin",
        step=run.now,
        steps=request.steps,
        resumed=resumed,
        replicas=strategy.num_replicas_in_sync,
        seconds=time.monotonic() - began,
    )
    try:
        return _loop(run, say, stopped)
    finally:
        model_lib_v2.clean_temporary_directories(strategy, run.folder)


def _loop(run: _Run, say: Say, stopped: Callable[[], bool]) -> str:
    request, sums, since = run.request, _Sums(), time.monotonic()
    first = run.now + 1  # told by itself: its graph is built on the way
    evaluate = evaluator(run.model, run.configs) if request.held_out and run.is_chief else None
    iterator = iter(run.data)
    while run.now < request.steps:
        sums.add(run.advance(iterator))
        now = run.now
        if not math.isfinite(sums.last):
            return "nan"
        done = now >= request.steps
        if done or stopped() or now == first or now % request.report_every == 0:
            seconds = (time.monotonic() - since) / sums.count
            say("step", step=now, rate=run.rate(), seconds=seconds, **sums.take())
            since = time.monotonic()
        if done or now % request.evaluate_every == 0:
            _measure(run, evaluate, say)
            since = time.monotonic()
            if request.patience and run.bad >= request.patience:
                return "patience"
        if stopped():
            run.keep.save(checkpoint_number=now)
            return "signal"
    if not tf.train.latest_checkpoint(os.path.join(run.folder, BEST)):  # lost after the last step
        _measure(run, evaluate, say)
    return "steps"


def _measure(run: _Run, evaluate: Callable[[], dict[str, float]] | None, say: Say) -> None:
    """Measure, where there is something to measure by, and leave a checkpoint."""
    figures, now = evaluate() if evaluate else {}, run.now
    best = run.take(figures.get(MAP, float(now)), counts=now >= run.request.warm_up)
    run.keep.save(checkpoint_number=now)
    if figures:
        say("evaluation", step=now, map=figures[MAP], map_50=figures[MAP_50], best=best)


class _Sums:
    """Losses since the last report."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.count, self.last = 0, 0.0

    def add(self, losses: Mapping[str, Any]) -> None:
        for name, loss in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(loss)
        self.last = float(losses["Loss/total_loss"])
        self.count += 1

    def take(self) -> dict[str, Any]:
        """The means, and a fresh start."""
        means = {name.removeprefix("Loss/"): s / self.count for name, s in self.sums.items()}
        self.sums, self.count = {}, 0
        return {"loss": means.pop("total_loss"), "losses": means}


class _Run:
    """A model on its way: what the loop advances, saves and measures.

    Attributes:
        best: the highest measurement so far, below 0 before the first; bad: measurements since.
    """

    def __init__(self, request: Request, configs: Configs, strategy: Any) -> None:
        self.request, self.configs, self.strategy = request, configs, strategy
        self.config = configs["train_config"]
        self.is_chief = strategy.extended.should_checkpoint
        self.folder = model_lib_v2.get_filepath(strategy, request.run)
        self.model = model_builder.build(configs["model"], is_training=True, add_summaries=False)
        self.step = tf.Variable(
            0,
            trainable=False,
            dtype=tf.int64,
            name="global_step",
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
        self.optimizer, (self._rate,) = optimizer_builder.build(
            self.config.optimizer, global_step=self.step
        )
        self.data = strategy.distribute_datasets_from_function(self._pictures)
        self.checkpoint = tf.train.Checkpoint(
            step=self.step, model=self.model, optimizer=self.optimizer
        )
        self.keep = tf.train.CheckpointManager(
            self.checkpoint, self.folder, max_to_keep=3 if self.is_chief else 1
        )
        # With the counter that CheckpointManager adds: the exporter asks for it.
        self._finest = tf.train.CheckpointManager(
            tf.train.Checkpoint(step=self.step, model=self.model),
            os.path.join(self.folder, BEST),
            max_to_keep=1,
        )
        self.best, self.bad = -1.0, 0

    @property
    def now(self) -> int:
        return int(self.step.value())

    def rate(self) -> float:
        return float(self._rate() if callable(self._rate) else self._rate)

    def prepare(self) -> bool:
        """Take up the last checkpoint, or else begin from the one to be fine-tuned."""
        config, latest = self.config, tf.train.latest_checkpoint(self.request.run)
        if latest:
            model_lib_v2._ensure_model_is_built(
                self.model, self.data, config.unpad_groundtruth_tensors
            )
            self._restore(latest)
            self._recall()
        elif config.fine_tune_checkpoint:
            model_lib_v2.load_fine_tune_checkpoint(
                self.model,
                config.fine_tune_checkpoint,
                config.fine_tune_checkpoint_type,
                config.fine_tune_checkpoint_version,
                config.run_fine_tune_checkpoint_dummy_computation,
                self.data,
                config.unpad_groundtruth_tensors,
            )
        return bool(latest)

    def _restore(self, latest: str) -> None:
        """Raises ValueError: the checkpoint can't be read, or is of another network."""
        try:
            self.checkpoint.restore(latest).assert_existing_objects_matched()
        except (tf.errors.OpError, ValueError, LookupError, AssertionError) as error:
            why = str(error).strip().partition("\n")[0]
            todo = f"remove {os.path.join(self.request.run, 'checkpoint')} to begin anew"
            raise ValueError(f"{latest} can't be gone on with ({why}); {todo}") from error

    @tf.function  # type: ignore[untyped-decorator]
    def advance(self, iterator: Any) -> Any:
        """One step on all replicas; its losses by name."""
        losses = self.strategy.run(self._advance, args=next(iterator))
        return model_lib_v2.reduce_dict(self.strategy, losses, tf.distribute.ReduceOp.SUM)

    def _advance(self, features: Any, labels: Any) -> Any:
        losses = model_lib_v2.eager_train_step(
            self.model,
            features,
            labels,
            self.config.unpad_groundtruth_tensors,
            self.optimizer,
            training_step=self.step,
            add_regularization_loss=self.config.add_regularization_loss,
            clip_gradients_value=self.config.gradient_clipping_by_norm or None,
            num_replicas=self.strategy.num_replicas_in_sync,
        )
        self.step.assign_add(1)
        return losses

    def take(self, value: float, *, counts: bool) -> bool:
        """Note a measurement; whether it is the best so far, whose checkpoint is then kept."""
        if value > self.best:
            self.best, self.bad = value, 0
            self._finest.save(checkpoint_number=self.now)
            self._note({"step": self.now, "map": value})
            return True
        self.bad += counts
        return False

    def _note(self, best: Mapping[str, float]) -> None:
        path = Path(self.folder, BEST, "best.json")
        part = path.with_name(f".{path.name}.part")
        part.write_text(json.dumps(best), encoding="utf-8")
        os.replace(part, path)

    def _recall(self) -> None:
        path = Path(self.request.run, BEST, "best.json")
        if path.exists() and tf.train.latest_checkpoint(str(path.parent)):
            self.best = float(json.loads(path.read_bytes())["map"])

    def _pictures(self, context: Any) -> Any:
        if context.num_input_pipelines > len(self.request.train):
            # The API shares out files, not records: with one file all workers but one would have
            # nothing to read, so all read it all.
            per_replica = context.get_per_replica_batch_size
            context = SimpleNamespace(
                num_input_pipelines=1, input_pipeline_id=0, get_per_replica_batch_size=per_replica
            )
        data = inputs.train_input(
            self.config,
            self.configs["train_input_config"],
            self.configs["model"],
            model=self.model,
            input_context=context,
        )
        return data.repeat()


def evaluator(model: Any, configs: Configs) -> Callable[[], dict[str, float]]:
    """A function that measures the model as it is then; its graph is built once."""
    config, reader = configs["eval_config"], configs["eval_input_configs"][0]
    reader.num_epochs = 1
    pictures = inputs.eval_input(config, reader, configs["model"], model=model)
    index = label_map_util.create_category_index_from_labelmap(reader.label_map_path)
    evaluators = eval_util.get_evaluators(
        config, list(index.values()), eval_util.evaluator_options_from_eval_config(config)
    )

    @tf.function  # type: ignore[untyped-decorator]
    def found(features: Any, labels: Any) -> Any:
        apart = model_lib.unstack_batch(labels, unpad_groundtruth_tensors=config.batch_size == 1)
        _, predicted = model_lib_v2._compute_losses_and_predictions_dicts(model, features, apart)
        return model.postprocess(predicted, features[InputDataFields.true_image_shape])

    def evaluate() -> dict[str, float]:
        was_training = model._is_training
        _set_training(model, False)
        for features, labels in pictures:
            shown, _ = model_lib_v2.prepare_eval_dict(found(features, labels), labels, features)
            for one in evaluators:
                one.add_eval_dict(shown)
        figures: dict[str, float] = {}
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # pycocotools' table
            for one in evaluators:
                figures |= {str(name): float(value) for name, value in one.evaluate().items()}
                one.clear()
        _set_training(model, was_training)
        return figures

    return evaluate


def _set_training(model: Any, training: bool) -> None:
    model._is_training = training
    tf.keras.backend.set_learning_phase(training)
