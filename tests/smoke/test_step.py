"""Networks are run by the real TensorFlow, in one process for nearly all of these tests."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from embedded import NAME
from tasks.config.types import Expectation, Picture
from tasks.core import receipts
from tasks.core.errors import NetworkError, UnreachableError
from tasks.core.files import sha256_of
from tasks.core.paths import Workspace
from tasks.inference import child
from tasks.inference.environment import Permissions
from tasks.inference.report import Check, Report, SmokeReceipt
from tasks.pipeline.job import NetworkJob, Silent, Unit
from tasks.pipeline.receipts import ExtractReceipt
from tasks.smoke import step
from tasks.smoke.clean import clean
from tests.smoke.conftest import ODD, MakeJob, job_of
from tests.support.savedmodels import CHATTER, ODD_SIZE

pytestmark = pytest.mark.slow

CHANGED = "its picture, its labels or its signature changed"


@pytest.fixture(autouse=True, scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """TensorFlow's process, which may read what any of these tests asks of it: so one will do."""
    base = tmp_path_factory.getbasetemp()
    child.shared().warm_up(base / "start.log", Permissions(reads=(str(base),)))
    yield
    child.shared().close()


LABELS = {"dog": 18, "person": 1}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, saved_models: Path) -> Workspace:
    """A workspace in which the network `zoo` was run."""
    workspace = Workspace(tmp_path_factory.mktemp("ran"))
    step.run(job_of(workspace, saved_models, "zoo", labels=LABELS), Silent())
    return workspace


@pytest.fixture
def zoo(ran: Workspace, workspace: Workspace, make_job: MakeJob) -> NetworkJob:
    """A network that was run, in a workspace of the test's own."""
    shutil.copytree(ran.root, workspace.root, dirs_exist_ok=True)
    return make_job("zoo", labels=LABELS)


def report(job: NetworkJob) -> Report:
    return msgspec.json.decode(job.workspace.smoke_json(job.name).read_bytes(), type=Report)


def check(job: NetworkJob, name: str) -> Check:
    return next(check for check in report(job).checks if check.name == name)


def with_network(job: NetworkJob, **fields: object) -> NetworkJob:
    network = msgspec.structs.replace(job.network, **fields)
    config = msgspec.structs.replace(job.config, networks={network.name: network})
    return msgspec.structs.replace(job, network=network, config=config)


def with_config(job: NetworkJob, **fields: Any) -> NetworkJob:
    return msgspec.structs.replace(job, config=msgspec.structs.replace(job.config, **fields))


def picture_in(job: NetworkJob, name: str, colour: str = "black") -> Path:
    path = job.workspace.root / name
    Image.new("RGB", (90, 60), colour).save(path)
    return path


def test_a_network_of_the_zoo_is_run_and_reported(zoo: NetworkJob) -> None:
    made = report(zoo)
    assert [(d.label, d.id, d.drawn) for d in made.detections] == [
        ("dog", 18, True),
        ("person", 1, True),
        ("90", 90, False),
    ]
    assert (made.found, made.left_out) == (3, 1)
    assert made.detections[1].box == (0.3, 0.5, 0.9, 0.9)
    assert made.detections[1].pixels == (144, 320, 432, 576)
    assert {check.result for check in made.checks if check.name != "labels"} == {"passed"}
    assert made.inputs[0].shape == (1, None, None, 3)
    assert len(made.outputs) == 8
    assert made.checkpoint is not None
    assert made.checkpoint.parameters == 12
    assert None not in (made.seconds.load, made.seconds.first, made.seconds.warm)
    assert made.peak_memory is None or made.peak_memory > 10_000_000


def test_the_picture_with_its_boxes_is_left_behind(zoo: NetworkJob) -> None:
    with Image.open(zoo.workspace.smoke_picture(zoo.name)) as picture:
        assert picture.size == (720, 540)
    left = {path.name for path in zoo.workspace.results(zoo.name).iterdir()}
    assert left == {"smoke.json", "smoke.png"}


def test_a_second_run_is_kept(zoo: NetworkJob) -> None:
    assert step.why_stale(zoo) is None
    assert step.run(zoo, Silent()).kind == "kept"


def test_the_receipt_says_what_was_run_in_one_line(zoo: NetworkJob) -> None:
    receipt = receipts.read(zoo.workspace.receipt("smoke", "zoo"), SmokeReceipt)
    assert receipt is not None
    assert receipt.summary.startswith("2 boxes: dog 0.9")
    assert "warm" in receipt.summary
    assert (receipt.tree, receipt.applicable) == ("t", True)


def test_each_change_makes_it_stale_and_says_why(
    zoo: NetworkJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert step.why_stale(with_network(zoo, labels={"cat": 18})) == CHANGED
    picture = picture_in(zoo, "a.png")
    settings = msgspec.structs.replace(zoo.config.settings, smoke_image="a.png")
    assert step.why_stale(with_config(zoo, settings=settings)) == CHANGED
    extract = zoo.workspace.receipt("extract", "zoo")
    receipts.write(extract, ExtractReceipt(definition="d", tree="other"))
    assert step.why_stale(zoo) == "the network changed"
    receipts.write(extract, ExtractReceipt(definition="other", tree="t"))
    assert step.why_stale(zoo) is None  # the same files, however they came
    monkeypatch.setattr(step, "tensorflow_version", lambda: "9.9")
    assert "→ 9.9" in (step.why_stale(zoo) or "")
    assert picture.exists()


@pytest.mark.parametrize("name", ["smoke.json", "smoke.png"])
def test_a_result_that_is_gone_makes_it_stale(zoo: NetworkJob, name: str) -> None:
    (zoo.workspace.results("zoo") / name).unlink()
    assert f"{name} is missing" in (step.why_stale(zoo) or "")


def test_the_users_picture_is_run_and_watched(make_job: MakeJob) -> None:
    job = make_job("zoo", smoke_image="me.png", expect={"label": "cat", "score": 0.9})
    picture = picture_in(job, "me.png")
    step.run(job, Silent())
    shown = report(job).picture
    assert shown is not None
    assert (shown.source, shown.size) == (picture.as_posix(), (90, 60))
    assert check(job, "labels").result == "skipped"
    assert step.why_stale(job) is None
    picture_in(job, "me.png", "white")
    assert step.why_stale(job) == "the picture changed"
    picture.unlink()
    assert step.why_stale(job) == "the picture changed"


def test_a_picture_that_is_none_is_told_in_one_line(make_job: MakeJob) -> None:
    job = make_job("zoo", smoke_image="me.png")
    with pytest.raises(NetworkError, match="no such file"):
        step.run(job, Silent())
    (job.workspace.root / "me.png").write_text("<html>")
    with pytest.raises(NetworkError, match=r"me\.png can't be used: it is not a PNG.*smoke_image"):
        step.run(job, Silent())
    (job.workspace.root / "me.png").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(NetworkError, match=r"it is HEIC, .*convert it to JPEG or PNG.*smoke_image"):
        step.run(job, Silent())


def catalogue_picture(job: NetworkJob, sha256: str) -> NetworkJob:
    pictures = {"dogs": Picture(source="http://127.0.0.1:1/dogs.png", sha256=sha256)}
    return with_network(with_config(job, pictures=pictures), smoke_picture="dogs")


def in_cache(job: NetworkJob, picture: Path) -> NetworkJob:
    digest = sha256_of(picture)
    job = catalogue_picture(job, digest)
    cached = job.cache.picture(digest, ".png")
    cached.parent.mkdir(parents=True)
    shutil.copyfile(picture, cached)
    return job


def test_the_expected_label_must_be_found_on_the_networks_own_picture(make_job: MakeJob) -> None:
    job = make_job("zoo", labels={"dog": 18}, expect={"label": "dog", "score": 0.3})
    job = in_cache(job, picture_in(job, "dogs.png"))
    step.run(job, Silent())
    assert check(job, "finds a dog scored 0.30 or more").result == "passed"
    job = with_network(job, expect=Expectation(label="dog", score=0.99))
    with pytest.raises(
        NetworkError, match=r"finds a dog scored 0\.99 or more: the best scores 0\.95"
    ):
        step.run(job, Silent())
    assert step.why_stale(job) is not None


def test_a_picture_out_of_reach_is_replaced_by_a_scene_and_labels_are_not_asked(
    make_job: MakeJob,
) -> None:
    job = make_job("zoo", labels={"dog": 18}, expect={"label": "cat", "score": 0.3})
    job = catalogue_picture(job, "0" * 64)
    outcome = step.run(job, Silent())
    assert "127.0.0.1:1 can't be reached" in outcome.lines[0]
    assert "127.0.0.1:1" in check(job, "labels").detail
    assert step.why_stale(job) is None


def test_the_embedded_networks_name_obliges_to_find_digits(make_job: MakeJob) -> None:
    job = make_job("zoo", name=NAME, labels=["one", "two", "three", "four", "five", "six"])
    with pytest.raises(NetworkError, match="none of the scene's digits was found where it is"):
        step.run(job, Silent())


def test_a_network_that_is_not_callable_and_has_names_of_its_own_is_run(make_job: MakeJob) -> None:
    job = make_job("odd", signature=ODD, labels={"dog": 18})
    step.run(job, Silent())
    made = report(job)
    assert made.inputs[0].shape == (1, *ODD_SIZE, 3)
    assert made.inputs[0].dtype == "float32"
    assert [d.id for d in made.detections] == [18, 1, 90]
    assert check(job, "picture of another shape").result == "skipped"


def test_a_network_with_other_names_than_configured_is_told(make_job: MakeJob) -> None:
    with pytest.raises(NetworkError, match=r"no output detection_boxes.*has output_0, output_1"):
        step.run(make_job("odd"), Silent())


@pytest.mark.parametrize("model", ["encoded", "examples"])
def test_an_export_that_takes_encoded_pictures_sees_the_same_pixels(
    make_job: MakeJob, model: str
) -> None:
    jobs = [make_job("zoo"), make_job(model)]
    for job in jobs:
        assert step.run(job, Silent()).kind == "built"
    zoo, other = (report(job) for job in jobs)
    assert other.detections == zoo.detections  # the scores depend on the pixels
    assert other.inputs[0].dtype == "string"
    assert check(jobs[1], "picture of another shape").result == "passed"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nameless", "no output detection_scores"),
        ("texts", "its input tf_example takes no picture: string"),
        ("unsigned", "it has no signature serving_default"),
        ("fickle", "same picture, same answer: scores or boxes differ"),
    ],
)
def test_a_network_that_is_no_detector_is_told(make_job: MakeJob, model: str, message: str) -> None:
    job = make_job(model)
    with pytest.raises(NetworkError, match=message):
        step.run(job, Silent())
    # Only the fickle one came as far as results, which were announced before they were written.
    assert step.why_stale(job) == ("it was not finished" if model == "fickle" else "never done")


def test_a_broken_network_fails_and_leaves_its_results_to_look_at(make_job: MakeJob) -> None:
    job = make_job("broken")
    with pytest.raises(
        NetworkError, match=r"NaN or infinity; .* \(and 2 more\); details: .*smoke\.json"
    ):
        step.run(job, Silent())
    failed = [each.name for each in report(job).checks if each.result == "failed"]
    assert failed[0] == "all outputs finite"
    assert "boxes" in failed
    assert step.why_stale(job) == "it was not finished"


def test_what_the_graph_prints_goes_to_the_log(make_job: MakeJob) -> None:
    job = make_job("chatty")
    assert step.run(job, Silent()).kind == "built"
    assert CHATTER in job.workspace.log("smoke", "chatty").read_text()


def test_a_checkpoint_alone_is_read_and_inference_is_not_applicable(make_job: MakeJob) -> None:
    job = make_job("zoo", saved_model=False)
    shutil.rmtree(job.workspace.network("zoo") / "saved_model")
    outcome = step.run(job, Silent())
    assert outcome.note.startswith("no SavedModel: inference not applicable; ")
    made = report(job)
    assert not made.applicable
    assert made.checkpoint is not None
    assert not job.workspace.smoke_picture("zoo").exists()
    assert step.why_stale(job) is None


def test_a_flipped_bit_in_the_checkpoint_is_found(make_job: MakeJob) -> None:
    job = make_job("zoo")
    data = next(job.workspace.network("zoo").glob("checkpoint/*.data*"))
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    with pytest.raises(
        NetworkError, match=r"its checkpoint .* can't be read: .*Checksum does not match"
    ):
        step.run(job, Silent())


def test_a_saved_model_that_is_gone_or_garbage_is_told(make_job: MakeJob) -> None:
    job = make_job("zoo")
    graph = job.workspace.network("zoo") / "saved_model" / "saved_model.pb"
    graph.write_bytes(b"garbage")
    with pytest.raises(NetworkError, match="its SavedModel can't be loaded"):
        step.run(job, Silent())
    graph.unlink()
    with pytest.raises(NetworkError, match=r"holds no saved_model\.pb"):
        step.run(job, Silent())


def deferred(workspace: Workspace, name: str, reason: str) -> None:
    receipt = ExtractReceipt(status="deferred", definition="d", reason=reason)
    receipts.write(workspace.receipt("extract", name), receipt)


def test_a_deferred_network_passes_its_reason_on(zoo: NetworkJob) -> None:
    deferred(zoo.workspace, "zoo", "no DNS")
    assert step.why_stale(zoo) is not None
    outcome = step.run(zoo, Silent())
    assert (outcome.kind, outcome.note) == ("deferred", "no DNS")
    assert step.why_stale(zoo) is None
    with pytest.raises(UnreachableError, match="no DNS"):
        step.run(msgspec.structs.replace(zoo, may_defer=False), Silent())


def test_a_network_that_is_not_extracted_is_told(workspace: Workspace, zoo: NetworkJob) -> None:
    workspace.receipt("extract", "zoo").unlink()
    assert step.why_stale(zoo) == "the network is not extracted"
    with pytest.raises(NetworkError, match="doit extract:zoo"):
        step.run(zoo, Silent())


def test_without_tensorflow_it_says_what_to_do(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "tensorflow_version", lambda: "")
    with pytest.raises(NetworkError, match="TensorFlow is not installed; install the requirements"):
        step.run(make_job("zoo"), Silent())


@pytest.mark.parametrize("name", ["smoke.json", "smoke.png"])
def test_a_result_that_the_user_edited_is_backed_up_and_named(zoo: NetworkJob, name: str) -> None:
    step.run(zoo, Silent())
    path = zoo.workspace.results(zoo.name) / name
    path.write_bytes(b"mine")
    backup = path.with_name(f"{path.stem}.yours{path.suffix}")
    [line] = step.run(with_network(zoo, labels={"cat": 18}), Silent()).lines
    assert line.endswith(f"{name} was not as the build made it: yours is now {backup.name}")
    assert backup.read_bytes() == b"mine"
    assert path.read_bytes() != b"mine"


def test_a_result_that_the_user_edited_survives_a_clean(zoo: NetworkJob) -> None:
    step.run(zoo, Silent())
    picture, lines = zoo.workspace.smoke_picture(zoo.name), list[str]()
    picture.write_bytes(b"mine")
    assert clean(zoo.workspace, zoo.name, False, lines.append) == []
    assert "kept results/zoo/smoke.png: it was changed" in lines
    assert picture.read_bytes() == b"mine"
    assert not zoo.workspace.smoke_json(zoo.name).exists()


def test_results_of_a_network_that_fails_are_still_the_builds(make_job: MakeJob) -> None:
    job = make_job("broken")
    with pytest.raises(NetworkError):
        step.run(job, Silent())
    assert step.why_stale(job) == "it was not finished"
    assert job.workspace.smoke_json(job.name).exists()
    assert clean(job.workspace, job.name, False, lambda line: None) == []
    assert not job.workspace.results(job.name).exists()


# The last two end TensorFlow's process, which the tests before share.


class Killing(Silent):
    """Kills the shared process once a network is being run, as a system out of memory does."""

    def begin(self, doing: str, total: int | None, unit: Unit = "bytes") -> None:
        if doing == "run":
            process = child.shared()._process
            assert process is not None
            os.kill(process.popen.pid, signal.SIGKILL)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_killed_process_is_told_and_the_next_network_runs(make_job: MakeJob) -> None:
    endless, zoo = make_job("endless"), make_job("zoo")
    with pytest.raises(NetworkError, match="killed by signal 9: out of memory"):
        step.run(endless, Killing())
    assert step.run(zoo, Silent()).kind == "built"


def test_an_endless_network_is_given_up(make_job: MakeJob) -> None:
    job = make_job("zoo")
    step.run(job, Silent())  # the start of TensorFlow has the same limit
    with pytest.raises(NetworkError, match="did not answer within 2 seconds; raise smoke_timeout"):
        step.run(make_job("endless", smoke_timeout=2.0), Silent())
