"""Fine-tune one network on a project's pictures: begin, go on, or find it done."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tasks.annotations.label_map import label_map_path, labels_of
from tasks.annotations.record_receipt import RecordsReceipt
from tasks.core import ownership, receipts
from tasks.core.errors import AnnotationsError, TrainingError, UnreachableError, disk_error
from tasks.core.files import write_atomic
from tasks.inference.machine import tensorflow_version
from tasks.pipeline.job import Outcome, Progress, TrainingJob
from tasks.pipeline.receipts import receipt_of
from tasks.train import run as runs
from tasks.train.plan import Plan, config_path, must_be_trainable, plan_of
from tasks.train.room import must_have_room
from tasks.train.run import PICTURES
from tasks.training import curve
from tasks.training.history import Row, row_of, to_csv
from tasks.training.messages import Begin, Evaluation, Final, Step, Told
from tasks.training.packages import packages_for
from tasks.training.process import environment, listen
from tasks.training.receipt import TrainReceipt
from tasks.training.split import Split, split_records
from tasks.training.trainers import has_best, module_of

VERSION = 1
HIGHEST_ID = 1000  # of a label; the embedded network gets an output for every id up to it
RESULTS = ("history.csv", "curve.png", "curve.svg")


def why_stale(job: TrainingJob) -> str | None:
    """Why the network must be trained, or trained further; None if it is."""
    receipt = receipts.read(job.workspace.receipt("train", job.name), TrainReceipt)
    if receipt is not None and receipt.status == "deferred":
        return f"deferred: {receipt.reason}"
    try:
        asked, now = plan_of(job).steps, definition(job)
    except TrainingError as error:  # told when it is run
        return error.why
    why = ownership.why_stale(receipt, now, _inputs(job), asked="how it is trained")
    if why or receipt is None:
        return why
    if asked > receipt.asked:
        return f"{asked} steps are asked, {receipt.asked} were"
    if not has_best(_folder(job)):
        return "its best weights are gone"
    return ownership.why_outputs_stale(job.workspace.root, receipt, _results(job))


def run(job: TrainingJob, progress: Progress) -> Outcome:
    """Train the network, from its last checkpoint on if there is one.

    Raises:
        TrainingError: it can't be trained, or its training could not go on.
        AnnotationsError: there is nothing to train it on.
        UnreachableError: the network is not here, and this job may not be deferred.
        DiskError: something can't be read or written.
    """
    if not job.network.is_trainable:
        raise TrainingError(job.name, job.network.not_trainable or "it has no pipeline.config")
    if why_stale(job) is None:
        return Outcome("kept")
    try:
        if receipt_of(job.workspace, job.network.name) is None:
            return _defer(job, f"{job.network.name} is not here yet")
        with runs.held(job.name, _folder(job)):
            return _train(job, progress)
    except UnreachableError as error:
        return _defer(job, error.why)
    except OSError as error:
        raise disk_error(job.name, error) from error


def definition(job: TrainingJob) -> str:
    """Digest of how it is trained. Not of how long: more steps go on from the last one."""
    plan = plan_of(job)
    how = (plan.basis, plan.held_out, plan.rate, job.network.trainer)
    return receipts.digest((VERSION, how, tensorflow_version()))


def _inputs(job: TrainingJob) -> dict[str, str]:
    """What it is trained on and from, each with its digest."""
    workspace, project = job.workspace, job.project.name
    records = receipts.read(workspace.receipt("records", project), RecordsReceipt)
    made = records.splits.get("train") if records else None
    extracted = receipt_of(workspace, job.network.name)
    return {  # the labels first: they are in the records too, and the first that changed is named
        **receipts.inputs(label_map_path(job.of_project)),
        PICTURES: receipts.digest((made.definition, made.sources)) if made else "",
        "the network": extracted.tree if extracted else "",
    }


def _pictures(job: TrainingJob) -> str:
    """Digest of the pictures and annotations alone, whatever was made of them."""
    records = receipts.read(job.workspace.receipt("records", job.project.name), RecordsReceipt)
    made = records.splits.get("train") if records else None
    return receipts.digest(made.sources) if made else ""


def _folder(job: TrainingJob) -> Path:
    return job.workspace.training(job.project.name, job.network.name)


def _results(job: TrainingJob) -> list[Path]:
    return [job.workspace.training_results(job.name) / name for name in RESULTS]


def _defer(job: TrainingJob, reason: str) -> Outcome:
    if not job.may_defer:
        raise UnreachableError(job.name, reason, "run doit again online")
    place = job.workspace.receipt("train", job.name)
    former = receipts.read(place, TrainReceipt) or TrainReceipt(definition="")
    receipts.write(place, replace(former, status="deferred", definition="", reason=reason))
    return Outcome("deferred", reason)


class _Work(Struct):
    """A training as it is told of; `folder` keeps the history, from one measurement to the next."""

    plan: Plan
    folder: Path
    progress: Progress
    rows: list[Row]
    step: int = 0
    best: Evaluation | None = None
    test: Final | None = None
    resumed_at: int = 0
    last: Step | None = None

    def take(self, message: Told) -> None:
        """Take in what the trainer tells."""
        if isinstance(message, Begin):
            self.step = self.resumed_at = message.step
            self.rows = [row for row in self.rows if row.step <= message.step]
            self.progress.begin("train", message.steps, "steps")
            self.progress.advance(message.step)
        if isinstance(message, Step):
            self.progress.advance(message.step - self.step)
            self.step = message.step
            self.last = message
        if isinstance(message, Evaluation) and message.best:
            self.best = message
        if isinstance(message, Final):
            self.test = message
        if row := row_of(message, time.time()):
            self.rows.append(row)
        if self.last is not None:
            more = f", rate {self.last.rate:.2g}, {self.last.seconds:.2g} s a step"
            self.progress.detail(self._state(self.last), more)
        if isinstance(message, Evaluation):  # a kill may come at any time
            runs.write_history(self.folder, self.rows)

    def best_row(self) -> Row | None:
        """The measurement of the best weights: the last that the trainer kept, or one of a run
        before; None if there was nothing to measure by."""
        if self.best is not None:
            return row_of(self.best, 0.0)
        measured = [row for row in self.rows if row.map is not None]
        return max(measured, key=lambda row: row.map or 0.0, default=None)

    def _state(self, message: Step) -> str:
        measured = [row.map for row in self.rows if row.map is not None]
        state = f"loss {message.loss:.3f}"
        return f"{state}, mAP {measured[-1]:.3f}, best {max(measured):.3f}" if measured else state


def _train(job: TrainingJob, progress: Progress) -> Outcome:
    plan, folder = plan_of(job), _folder(job)
    packages = packages_for(job)
    must_have_room(job, folder)
    must_be_trainable(job)
    labels = _labels(job)
    split = _split(job, plan)
    basis = {"how it is trained": definition(job), **_inputs(job)}
    aside = runs.begin(folder, basis, _pictures(job))
    if aside is not None:
        progress.note(aside.told)
    _unfinish(job)
    work = _Work(plan, folder, progress, runs.read_history(folder, *_told_in(job, aside)))
    write_atomic(folder / runs.REQUEST, msgspec.json.encode(_request(job, plan, split, labels)))
    log = job.workspace.log("train", job.name)
    module, request = module_of(job), folder / runs.REQUEST
    progress.begin("load", None)
    try:
        end = listen(job.name, module, request, log, environment(packages), work.take)
    finally:
        progress.end()
        runs.write_history(folder, work.rows)
    if end.reason == "signal":
        raise TrainingError(job.name, f"it was stopped at step {work.step}", "run doit to go on")
    if end.reason == "nan":
        why = f"the loss was NaN or infinite after step {work.step}"
        todo = "set a lower learning_rate for it in config/workspace.toml; see docs/training.md"
        raise TrainingError(job.name, why, todo)
    return _finish(job, work, split, end.reason)


def _told_in(job: TrainingJob, aside: runs.Aside | None) -> tuple[Path, ...]:
    """Where the history of this training stands besides: among the results, as they were left."""
    receipt = receipts.read(job.workspace.receipt("train", job.name), TrainReceipt)
    history = _results(job)[:1]
    if receipt is None or aside is not None:
        return ()
    if ownership.why_outputs_stale(job.workspace.root, receipt, history):
        return ()
    return (history[0].parent,)


def _unfinish(job: TrainingJob) -> None:
    """From here on the weights may be others than those that the receipt tells of."""
    place = job.workspace.receipt("train", job.name)
    if former := receipts.read(place, TrainReceipt):
        receipts.write(place, replace(former, status="done", definition=""))


def _split(job: TrainingJob, plan: Plan) -> Split:
    """The project's records, shared out.

    Raises:
        AnnotationsError: there are none, or they can't be read.
    """
    record = job.workspace.record_file(job.project.name, "train")
    if not record.is_file():
        raise _no_pictures(job)
    try:
        split = split_records([record], plan.held_out, job.workspace.split(job.name))
        if not split.trained:  # a picture or two, all of them held out
            split = split_records([record], 0.0, job.workspace.split(job.name))
    except ValueError as error:
        todo = f"remove it and run `doit records:{job.project.name}`"
        raise AnnotationsError(job.name, str(error), todo) from error
    if not split.trained:
        raise _no_pictures(job)
    return split


def _no_pictures(job: TrainingJob) -> AnnotationsError:
    folder = job.workspace.images(job.project.name, "train")
    todo = f"put annotated pictures into {folder.as_posix()} and run doit again"
    return AnnotationsError(job.name, "there are no pictures to train on", todo)


def _labels(job: TrainingJob) -> dict[str, int]:
    """Label → id.

    Raises:
        AnnotationsError: the label map can't be read, or its ids are too high for the network.
    """
    ids = labels_of(job.of_project).ids
    highest = max(ids.values(), default=0)
    if job.network.trainer == "embedded" and highest > HIGHEST_ID:
        path = label_map_path(job.of_project).as_posix()
        why = f"{path} goes up to id {highest}, and this network's ids to {HIGHEST_ID}"
        raise AnnotationsError(job.name, why, "number the labels from 1 on")
    return ids


def _request(job: TrainingJob, plan: Plan, split: Split, labels: dict[str, int]) -> dict[str, Any]:
    test = job.workspace.record_file(job.project.name, "test")
    asked = {
        "verb": "train",
        "train": [str(split.train)],
        "held_out": [str(split.held_out)] if split.measured else [],
        "test": [str(test)] if test.is_file() else [],
        "run": str(_folder(job)),
        "steps": plan.steps,
        "evaluate_every": plan.evaluate_every,
        "patience": plan.patience,
    }
    if job.network.trainer != "embedded":
        asked |= {"device": plan.device, "replicas": plan.replicas, "warm_up": plan.steps // 10}
        return {**asked, "config": str(config_path(job))}
    network = str(job.workspace.network(job.network.name))
    rate = {"rate": plan.rate} if plan.rate else {}
    how = {"batch_size": plan.batch_size, "device": plan.device, **rate}
    return {**asked, "network": network, "labels": labels, **how}


def _finish(job: TrainingJob, work: _Work, split: Split, ended: Any) -> Outcome:
    """Leave the results, then the receipt."""
    drawn = curve.draw(job.name.replace(":", ": "), work.rows, ("png", "svg"))
    contents = (to_csv(work.rows), drawn["png"], drawn["svg"])
    place = job.workspace.receipt("train", job.name)
    outputs, moved = ownership.write_results(
        job.workspace.root,
        place,
        TrainReceipt(definition=""),
        dict(zip(_results(job), contents, strict=True)),
    )
    best = work.best_row()
    receipts.write(
        place,
        TrainReceipt(
            definition=definition(job),
            inputs=_inputs(job),
            asked=work.plan.steps,
            steps=work.step,
            ended=ended,
            best_step=best.step if best else work.step,
            map=best.map if best and best.map is not None else -1.0,
            map_50=best.map_50 if best and best.map_50 is not None else -1.0,
            test_map=work.test.map if work.test else -1.0,
            test_map_50=work.test.map_50 if work.test else -1.0,
            trained=split.trained,
            held_out=split.measured,
            outputs=outputs,
        ),
    )
    return Outcome("built", _note(work, best, ended), None, _lines(job, work, split, moved))


def _note(work: _Work, best: Row | None, ended: str) -> str:
    parts = [f"{work.step} steps"]
    if ended == "patience":
        parts[0] += f" of {work.plan.steps}, no better for {work.plan.patience} measurements"
    if work.resumed_at:
        parts.append(_gone_on(work.resumed_at, work.step))
    if best is not None:
        parts.append(f"mAP {best.map:.3f} at step {best.step} on the pictures held out")
    if work.test is not None:
        parts.append(f"{work.test.map:.3f} on the test pictures")
    return "; ".join(parts)


def _gone_on(resumed_at: int, step: int) -> str:
    return f"gone on from step {resumed_at}" if step > resumed_at else "no step was left to do"


def _lines(job: TrainingJob, work: _Work, split: Split, moved: tuple[str, ...]) -> tuple[str, ...]:
    lines = list(moved)
    if job.network.trainer == "embedded" and work.plan.replicas > 1:
        lines.append(f"replicas = {work.plan.replicas}: this network is trained on one device")
    if not split.measured:
        lines.append("no picture was held out to choose the best weights by: the last were taken")
    return tuple(lines)
