"""What a training needs, how it may end, and what is told of it; trainers are made up."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from tasks.annotations.record_receipt import RecordFile, RecordsReceipt
from tasks.config.types import Config, Network, Project, Training
from tasks.core import receipts
from tasks.core.errors import AnnotationsError, DiskError, TrainingError, UnreachableError
from tasks.core.paths import Workspace
from tasks.formats.tf_record import Bytes, encode_example, frame
from tasks.pipeline.job import Silent, TrainingJob
from tasks.pipeline.receipts import ExtractReceipt
from tasks.scaffold import clean as clean_scaffold
from tasks.train import clean, room, run, step
from tasks.training import curve
from tasks.training.history import read_csv
from tasks.training.messages import Begin, End, Evaluation, Final, Reason, Step, Told
from tasks.training.receipt import TrainReceipt
from tests.support.projects import defer, install

NAME = "cube_faces:net"


def loss(at: int, value: float = 1.0) -> Step:
    return Step(step=at, loss=value, rate=0.1, seconds=0.1)


def measured(at: int, value: float, *, best: bool = True) -> Evaluation:
    return Evaluation(step=at, map=value, map_50=value, best=best)


class Trainer:
    """In the place of a trainer: tells what it is told to, and keeps the request."""

    def __init__(self) -> None:
        self.tells: Sequence[Told] = (
            Begin(step=0, steps=100, resumed=False),
            loss(50),
            measured(50, 0.25),
            loss(100, 0.5),
            measured(100, 0.5),
            Final(map=0.4, map_50=0.6),
        )
        self.ends: Reason = "steps"
        self.requests: list[dict[str, Any]] = []

    def __call__(
        self,
        name: str,
        module: str,
        request: Path,
        log: Path,
        variables: object,
        take: Callable[[Told], None],
    ) -> End:
        self.requests.append(msgspec.json.decode(request.read_bytes()))
        for message in self.tells:
            take(message)
        for name in ("state.npz", "best.npz"):
            (request.parent / name).write_bytes(b"weights")
        return End(reason=self.ends)


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    made = Trainer()
    monkeypatch.setattr(step, "listen", made)
    monkeypatch.setattr(curve, "draw", lambda *_: {"png": b"drawn", "svg": b"drawn"})
    return made


class Place(NamedTuple):
    workspace: Workspace
    job: TrainingJob

    @property
    def folder(self) -> Path:
        return self.workspace.training("cube_faces", "net")


def job_of(workspace: Workspace, **settings: Any) -> TrainingJob:
    settings = {"num_steps": 100, "held_out": 0.5, **settings}
    network = Network(name="net", sources=("net.tar.gz",), trainer="embedded")
    project = Project(
        name="cube_faces", labels=("one",), networks=("net",), training=Training(**settings)
    )
    config = Config(networks={"net": network}, projects={"cube_faces": project})
    return TrainingJob(config, workspace, project=project, network=network)


def make_records(workspace: Workspace, pictures: int = 8) -> None:
    record = workspace.record_file("cube_faces", "train")
    record.parent.mkdir(parents=True, exist_ok=True)
    examples = (encode_example({"image/encoded": Bytes([bytes([n])])}) for n in range(pictures))
    record.write_bytes(b"".join(map(frame, examples)))
    split = RecordFile(definition="d", sources={str(n): str(n) for n in range(pictures)})
    receipts.write(
        workspace.receipt("records", "cube_faces"),
        RecordsReceipt(definition="d", splits={"train": split}),
    )


def write_label_map(place: Place, text: str) -> None:
    (place.workspace.training("cube_faces") / "label_map.pbtxt").write_text(text)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A project with records, and its network."""
    workspace = Workspace(tmp_path)
    install(workspace, "net")
    make_records(workspace)
    return Place(workspace, job_of(workspace))


class Noting(Silent):
    """Keeps what is noted, and the last state that was shown."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.state = ""

    def note(self, line: str) -> None:
        self.notes.append(line)

    def detail(self, text: str, more: str = "") -> None:
        self.state = text + more


def receipt_of(place: Place) -> TrainReceipt:
    found = receipts.read(place.workspace.receipt("train", NAME), TrainReceipt)
    assert found is not None
    return found


def test_a_training_ends_with_what_came_of_it(place: Place, trainer: Trainer) -> None:
    outcome = step.run(place.job, Silent())
    assert outcome.note == (
        "100 steps; mAP 0.500 at step 100 on the pictures held out; 0.400 on the test pictures"
    )
    receipt = receipt_of(place)
    assert (receipt.asked, receipt.steps, receipt.best_step, receipt.map) == (100, 100, 100, 0.5)
    assert (receipt.trained + receipt.held_out, receipt.test_map) == (8, 0.4)
    assert step.why_stale(place.job) is None
    assert step.run(place.job, Silent()).kind == "kept"
    assert len(trainer.requests) == 1


def test_tensorboard_finds_its_events_beside_the_checkpoints(
    place: Place, trainer: Trainer
) -> None:
    step.run(place.job, Silent())
    for part in ("train", "eval"):  # as the Object Detection API has them
        (events,) = (place.folder / part).iterdir()
        assert events.name.startswith("events.out.tfevents.")
    assert len(read_csv((place.folder / "history.csv").read_bytes())) == 4


def test_more_steps_go_on_and_keep_the_history(place: Place, trainer: Trainer) -> None:
    step.run(place.job, Silent())
    more = job_of(place.workspace, num_steps=200)
    assert step.why_stale(more) == "200 steps are asked, 100 were"
    trainer.tells = (Begin(step=100, steps=200, resumed=True), loss(200), measured(200, 0.75))
    outcome = step.run(more, Silent())
    assert "200 steps; gone on from step 100;" in outcome.note
    rows = read_csv((place.folder / "history.csv").read_bytes())
    assert [row.step for row in rows] == [50, 50, 100, 100, 200, 200]
    assert step.why_stale(more) is None


def test_fewer_steps_than_were_done_are_nothing_to_do(place: Place, trainer: Trainer) -> None:
    step.run(place.job, Silent())
    assert step.why_stale(job_of(place.workspace, num_steps=10)) is None


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("the pictures", lambda place: make_records(place.workspace, 9)),
        (
            "the network",
            lambda place: receipts.write(
                place.workspace.receipt("extract", "net"),
                ExtractReceipt(definition="d", tree="other"),
            ),
        ),
        ("label_map.pbtxt", lambda place: write_label_map(place, "item { id: 1 name: 'two' }")),
    ],
    ids=["pictures", "network", "labels"],
)
def test_what_it_stands_on_begins_it_anew_and_nothing_is_lost(
    place: Place, trainer: Trainer, why: str, change: Callable[[Place], object]
) -> None:
    step.run(place.job, Silent())
    change(place)
    assert step.why_stale(place.job) is not None
    noting = Noting()
    outcome = step.run(place.job, noting)
    aside = place.folder / "before-1"
    (told,) = (line for line in noting.notes if line.startswith("begun anew, for "))
    assert told not in outcome.lines  # told once
    assert f"{why} changed" in told
    assert str(aside) in told
    assert (aside / "state.npz").read_bytes() == b"weights"
    assert len(read_csv((place.folder / "history.csv").read_bytes())) == 4


@pytest.mark.parametrize(
    ("ends", "why"),
    [("signal", "was stopped at step 100; run doit to go on"), ("nan", "was NaN or infinite")],
)
def test_a_training_that_did_not_end_well_is_one_line_and_keeps_its_history(
    place: Place, trainer: Trainer, ends: Reason, why: str
) -> None:
    trainer.ends = ends
    with pytest.raises(TrainingError, match=why):
        step.run(place.job, Silent())
    assert step.why_stale(place.job) == "never done"
    assert (place.folder / "history.csv").exists()


def test_a_training_that_was_killed_is_never_taken_for_the_one_before(
    place: Place, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    step.run(place.job, Silent())

    def killed(*_: object) -> End:
        raise KeyboardInterrupt

    monkeypatch.setattr(step, "listen", killed)
    with pytest.raises(KeyboardInterrupt):
        step.run(job_of(place.workspace, num_steps=2000), Silent())
    assert step.why_stale(place.job) == "it was not finished"


def test_patience_that_ended_it_is_told_and_it_is_done(place: Place, trainer: Trainer) -> None:
    trainer.ends = "patience"
    trainer.tells = (Begin(step=0, steps=100, resumed=False), loss(50), measured(50, 0.25))
    job = job_of(place.workspace, patience=3)
    note = step.run(job, Silent()).note
    assert "50 steps of 100, no better for 3 measurements" in note
    assert step.why_stale(job) is None


def test_where_nothing_is_held_out_the_last_weights_are_taken_and_that_is_told(
    place: Place, trainer: Trainer
) -> None:
    trainer.tells = (Begin(step=0, steps=100, resumed=False), loss(100))
    job = job_of(place.workspace, held_out=0.0)
    lines = step.run(job, Silent()).lines
    assert any("no picture was held out" in line for line in lines)
    assert trainer.requests[0]["held_out"] == []


def test_without_records_it_says_what_to_do(place: Place, trainer: Trainer) -> None:
    place.workspace.record_file("cube_faces", "train").unlink()
    with pytest.raises(AnnotationsError, match=r"put annotated pictures into .*images/train"):
        step.run(place.job, Silent())


def test_a_damaged_record_is_named(place: Place, trainer: Trainer) -> None:
    place.workspace.record_file("cube_faces", "train").write_bytes(b"this is no record at all")
    with pytest.raises(AnnotationsError, match=r"train\.record: it is not a TFRecord file"):
        step.run(place.job, Silent())


def test_an_empty_record_is_no_pictures(place: Place, trainer: Trainer) -> None:
    place.workspace.record_file("cube_faces", "train").write_bytes(b"")
    with pytest.raises(AnnotationsError, match="there are no pictures to train on"):
        step.run(place.job, Silent())


def test_the_only_picture_is_learned_from_whatever_its_digest(
    place: Place, trainer: Trainer
) -> None:
    make_records(place.workspace, 1)
    job = job_of(place.workspace, held_out=0.999)
    outcome = step.run(job, Silent())
    assert (receipt_of(place).trained, receipt_of(place).held_out) == (1, 0)
    assert any("no picture was held out" in line for line in outcome.lines)


def test_an_id_that_would_fill_the_memory_is_named(place: Place, trainer: Trainer) -> None:
    write_label_map(place, "item { id: 1000000 name: 'one' }")
    with pytest.raises(AnnotationsError, match=r"label_map\.pbtxt goes up to id 1000000"):
        step.run(place.job, Silent())
    assert not trainer.requests


def test_a_memory_that_is_full_is_told_before_anything_begins(
    place: Place, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free_memory", lambda: 1000)
    with pytest.raises(TrainingError, match=r"needs at least .* of memory, 1\.0 kB are free"):
        step.run(place.job, Silent())
    assert not trainer.requests


def test_where_the_system_does_not_tell_its_free_memory_it_is_tried(
    place: Place, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free_memory", lambda: None)
    assert step.run(place.job, Silent()).kind == "built"


def test_best_weights_that_are_gone_are_made_again(place: Place, trainer: Trainer) -> None:
    step.run(place.job, Silent())
    (place.folder / "best.npz").unlink()
    assert step.why_stale(place.job) == "its best weights are gone"
    trainer.tells = (Begin(step=100, steps=100, resumed=True), measured(100, 0.45))
    step.run(place.job, Silent())
    assert (receipt_of(place).best_step, receipt_of(place).map) == (100, 0.45)
    assert step.why_stale(place.job) is None


def test_the_history_is_kept_at_every_measurement_for_a_kill_may_come(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listen(*words: Any) -> End:
        for message in (Begin(step=0, steps=100, resumed=False), loss(50), measured(50, 0.25)):
            words[-1](message)
        assert len(read_csv((place.folder / "history.csv").read_bytes())) == 2
        return End(reason="signal")

    monkeypatch.setattr(step, "listen", listen)
    with pytest.raises(TrainingError, match="stopped at step 50"):
        step.run(place.job, Silent())


def test_a_start_over_is_told_before_it_begins(place: Place, trainer: Trainer) -> None:
    class Told(Silent):
        def note(self, line: str) -> None:
            told.append((line, len(trainer.requests)))

    told: list[tuple[str, int]] = []
    step.run(place.job, Told())
    assert not told
    make_records(place.workspace, 9)
    step.run(place.job, Told())
    ((line, trained_before),) = told
    assert line.startswith("begun anew, for the pictures changed; the training before is now")
    assert trained_before == 1


def test_other_labels_on_the_same_pictures_are_not_told_as_other_pictures(
    place: Place, trainer: Trainer
) -> None:
    step.run(place.job, Silent())
    write_label_map(place, "item { id: 1 name: 'two' }")
    made = receipts.read(place.workspace.receipt("records", "cube_faces"), RecordsReceipt)
    assert made is not None
    other = msgspec.structs.replace(made.splits["train"], definition="by other labels")
    receipts.write(
        place.workspace.receipt("records", "cube_faces"),
        msgspec.structs.replace(made, splits={"train": other}),
    )
    assert "label_map.pbtxt changed" in str(step.why_stale(place.job))
    noting = Noting()
    step.run(place.job, noting)
    (told,) = noting.notes
    assert "label_map.pbtxt changed" in told
    assert "the pictures" not in told


def test_a_history_that_can_not_be_read_beside_the_checkpoints_is_taken_from_the_results(
    place: Place, trainer: Trainer
) -> None:
    step.run(place.job, Silent())
    (place.folder / "history.csv").write_text("of the user's")
    trainer.tells = (Begin(step=100, steps=200, resumed=True), loss(200), measured(200, 0.75))
    step.run(job_of(place.workspace, num_steps=200), Silent())
    rows = read_csv((place.folder / "history.csv").read_bytes())
    assert [row.step for row in rows] == [50, 50, 100, 100, 200, 200]


def test_a_measurement_is_shown_at_once(place: Place, trainer: Trainer) -> None:
    noting = Noting()
    step.run(place.job, noting)
    assert noting.state.startswith("loss 0.500, mAP 0.500, best 0.500")


def test_a_training_that_had_no_step_left_says_so(place: Place, trainer: Trainer) -> None:
    step.run(place.job, Silent())
    (place.folder / "best.npz").unlink()
    trainer.tells = (Begin(step=100, steps=100, resumed=True), measured(100, 0.45))
    assert "100 steps; no step was left to do; mAP" in step.run(place.job, Silent()).note


def test_a_full_disk_is_told_before_anything_begins(
    place: Place, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(place.folder.parent)._replace(free=1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskError, match=r"need .*, 1 B are free"):
        step.run(place.job, Silent())
    assert not trainer.requests


def test_a_second_training_beside_the_first_is_refused(place: Place, trainer: Trainer) -> None:
    with (
        run.held(NAME, place.folder),
        pytest.raises(TrainingError, match="another process trains it"),
    ):
        step.run(place.job, Silent())


def test_a_network_that_is_not_here_is_deferred(place: Place, trainer: Trainer) -> None:
    defer(place.workspace, "net")
    assert step.run(place.job, Silent()).kind == "deferred"
    job = msgspec.structs.replace(place.job, may_defer=False)
    with pytest.raises(UnreachableError, match="net is not here yet"):
        step.run(job, Silent())


def test_clean_leaves_the_training_and_names_it(place: Place, trainer: Trainer) -> None:
    step.run(place.job, Silent())
    said: list[str] = []
    assert not clean.clean(place.workspace, NAME, False, said.append)
    assert not place.workspace.training_results(NAME).exists()
    assert not place.workspace.split(NAME).exists()
    assert (place.folder / "state.npz").exists()
    assert any("it holds a training" in line for line in said)


def test_a_training_that_stays_is_named_once_and_not_as_of_unknown_origin(
    place: Place, trainer: Trainer
) -> None:
    step.run(place.job, Silent())
    said: list[str] = []
    (place.folder / "pipeline.config").write_text("of the user's")
    clean.clean(place.workspace, NAME, False, said.append)
    clean_scaffold.clean(place.workspace, "cube_faces", False, said.append)
    run_of = str(place.folder.relative_to(place.workspace.root))
    about = {line for line in said if line.startswith(f"kept {run_of}")}
    assert sorted(line.partition(": ")[2] for line in about) == [
        "it holds a training; remove it yourself if you no longer want it",
        "pipeline.config is not known to be made by the build",
    ]


def test_an_edited_result_is_kept_when_it_is_written_again(place: Place, trainer: Trainer) -> None:
    step.run(place.job, Silent())
    page = place.workspace.training_results(NAME) / "history.csv"
    page.write_text("of the user's")
    assert step.why_stale(place.job) is not None
    outcome = step.run(place.job, Silent())
    assert any("history.yours.csv" in line for line in outcome.lines)
    assert page.with_name("history.yours.csv").read_text() == "of the user's"


def test_what_the_embedded_networks_trainer_does_not_do_is_told(
    place: Place, trainer: Trainer
) -> None:
    job = job_of(place.workspace, replicas=2, device="gpu")
    lines = step.run(job, Silent()).lines
    assert lines == ("replicas = 2: this network is trained on one device",)
    assert trainer.requests[-1]["device"] == "gpu"
