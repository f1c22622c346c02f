"""Real networks on real pictures, as in the process that imports TensorFlow."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from embedded import LABELS, NAME
from embedded.dataset import annotation
from embedded.detector import detect, load
from embedded.pack import ARCHIVE, unpack
from embedded.scenes import Scene, scene
from embedded.scoring import average_precision, truth_of
from tasks.core.files import sha256_of
from tasks.core.paths import Workspace
from tasks.inference import child
from tasks.inference.channel import FaultError, Request, Updates
from tasks.inference.measuring import MeasureReply, MeasureRequest, PictureTimed
from tasks.inference.results import Comparison, PictureResult
from tasks.measure import step
from tasks.measure.benchmark import handle
from tasks.pipeline.job import Silent
from tests.support.projects import install, network, project_job

pytestmark = pytest.mark.slow
SEED, COUNT, SIZE = 4_700_000, 12, (640, 480)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded network, unpacked."""
    return unpack(ARCHIVE, tmp_path_factory.mktemp("embedded"))


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """Scenes that show a digit."""
    drawn = (scene(seed, size=SIZE) for seed in itertools.count(SEED))
    return list(itertools.islice((one for one in drawn if one.labels), COUNT))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, scenes: list[Scene]) -> list[Path]:
    """The scenes as annotated pictures."""
    folder = tmp_path_factory.mktemp("pictures") / "test"
    folder.mkdir()
    paths = [folder / f"{number:02d}.png" for number in range(COUNT)]
    for one, path in zip(scenes, paths, strict=True):
        Image.fromarray(one.picture).save(path, compress_level=1)
        path.with_suffix(".xml").write_text(annotation(one, path))
    return paths


class InThisProcess:
    """Stands in for TensorFlow's process: requests are carried out here."""

    def run(
        self,
        request: Request,
        kind: type[MeasureReply],
        limit: float,
        phase: Callable[[str], None],
        part: Callable[[msgspec.Raw], None],
    ) -> MeasureReply:
        def told(one: msgspec.Struct) -> None:
            part(msgspec.Raw(msgspec.json.encode(one)))

        return handle(request.body, Updates(phase, told))


def test_the_accuracy_agrees_with_the_embedded_networks_own_evaluation(
    workspace: Workspace,
    embedded: Path,
    scenes: list[Scene],
    pictures: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "shared", InThisProcess)
    files = [path for path in embedded.rglob("*") if path.is_file()]
    install(workspace, NAME, {p.relative_to(embedded).as_posix(): p.read_bytes() for p in files})
    place = workspace.images("cube_faces", "test")
    place.parent.mkdir(parents=True)
    place.symlink_to(pictures[0].parent)
    entry = msgspec.structs.replace(network(NAME), labels=LABELS)
    job = project_job(workspace, entry, labels=LABELS)
    step.run(job, Silent())
    comparison = workspace.comparison(job.name).read_bytes()
    (result,) = msgspec.json.decode(comparison, type=Comparison).results
    assert result.accuracy is not None
    signature = load(embedded)  # the code that the network's own figures come from
    own = average_precision([(truth_of(one), detect(signature, one.picture)) for one in scenes])
    assert round(result.accuracy.map, 3) == round(own["map"], 3)
    assert round(result.accuracy.map_50, 3) == round(own["map50"], 3)


def tried(folder: Path, **asked: object) -> tuple[MeasureReply, list[msgspec.Struct], list[str]]:
    """Carry out a request in this process: the reply, its parts and its phases."""
    given = {"folder": str(folder), "signature": {}, "pictures": (), "sample": (), **asked}
    parts, phases = list[msgspec.Struct](), list[str]()
    request = msgspec.convert(given, MeasureRequest)
    done = handle(msgspec.json.encode(request), Updates(phases.append, parts.append))
    return done, parts, phases


def test_a_network_is_timed_on_each_picture_of_the_sample(
    embedded: Path, pictures: list[Path]
) -> None:
    done, parts, phases = tried(embedded, sample=[str(path) for path in pictures[:3]])
    assert done.figures is not None
    latency = done.figures.latency
    assert (latency.pictures, latency.runs) == (3, 30)
    assert 0 < latency.low <= latency.median <= latency.high
    assert (len(parts), phases) == (3, ["load", "time", "detect"])
    assert all(isinstance(part, PictureTimed) for part in parts)
    assert done.figures.load > 0
    assert done.figures.machine.threads >= 1
    assert done.figures.machine.device


def test_a_slow_network_is_timed_for_a_limited_time(
    embedded: Path, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.measure.benchmark.BUDGET", 0.0)
    done, _, _ = tried(embedded, sample=[str(path) for path in pictures[:3]])
    assert done.figures is not None
    assert (done.figures.latency.pictures, done.figures.latency.runs) == (1, 5)


def test_a_damaged_picture_is_reported_and_the_next_one_is_run(
    embedded: Path, pictures: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    both = [(str(tmp_path / "bad.png"), "0" * 64), (str(pictures[0]), sha256_of(pictures[0]))]
    _, (bad, fine), _ = tried(embedded, pictures=both)
    assert isinstance(bad, PictureResult)
    assert "not a PNG, JPEG, GIF or BMP" in bad.fault
    assert isinstance(fine, PictureResult)
    assert fine.rows


def test_pictures_that_are_all_damaged_are_no_ground_for_figures(
    embedded: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(FaultError, match="no picture to time it on"):
        tried(embedded, sample=[str(tmp_path / "bad.png")])


def test_a_picture_that_changed_meanwhile_ends_the_run(
    embedded: Path, pictures: list[Path]
) -> None:
    with pytest.raises(FaultError, match="changed while the networks were run"):
        tried(embedded, pictures=[(str(pictures[0]), "0" * 64)])


def test_a_network_that_answers_with_nan_is_not_believed(
    saved_models: Path, pictures: list[Path]
) -> None:
    with pytest.raises(FaultError, match="NaN or infinity"):
        tried(saved_models / "broken", pictures=[(str(pictures[0]), sha256_of(pictures[0]))])
