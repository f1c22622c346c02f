"""Run a network on pictures, and leave what it finds in a new folder:

<name>.jpg        each picture with its boxes, those of the threshold's score and above
detections.json   all boxes, as COCO's results have them
pictures.json     which picture and which label the numbers there stand for
voc/<name>.xml    on demand: first annotations for labelImg
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tasks.cluster import scheduler_of
from tasks.config.types import Config, Network
from tasks.core.errors import NetworkError, UsageError
from tasks.core.files import make_folders, read_file, sha256_of, write_atomic
from tasks.core.paths import Workspace
from tasks.core.text import count as counted
from tasks.core.text import decimal
from tasks.detect.pictures import COMMAND, pictures_of
from tasks.inference import child
from tasks.inference.channel import Request
from tasks.inference.environment import Permissions
from tasks.inference.machine import tensorflow_version
from tasks.inference.measuring import MeasureReply, MeasureRequest, Part
from tasks.inference.report import ReportedDetection
from tasks.inference.results import Detection, PictureResult, Rows
from tasks.pictures.pixels import LARGEST, opened, upright
from tasks.pipeline.job import Progress
from tasks.pipeline.receipts import receipt_of

THRESHOLD = 0.5
LEAST = 0.05
"""Score of the weakest boxes that detections.json has."""


class Choice(Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        threshold: score from which on a box is drawn, and annotated.
        out: the folder to be made; None for a new one below results/<network>/.
        voc: whether annotations are wanted.
    """

    threshold: float = THRESHOLD
    out: Path | None = None
    voc: bool = False


class Found(Struct, frozen=True, kw_only=True):
    """One picture: its number, its file, its upright size (width, height), and its boxes."""

    number: int
    path: Path
    size: tuple[int, int]
    boxes: tuple[Detection, ...]
    ids: tuple[int, ...]


def parse(options: Mapping[str, object]) -> Choice:
    """The options as they are meant.

    Raises:
        UsageError: a value is none that its option takes.
    """
    given, out = options.get("threshold"), options.get("out")
    threshold = THRESHOLD if given is None else decimal(str(given))
    if threshold is None or not 0 <= threshold <= 1:
        raise UsageError(COMMAND, f"--threshold: expected a number from 0 to 1; found {given}")
    folder = Path(str(out)) if out else None
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(COMMAND, f"--out: {folder} is there already", "name a new or empty folder")
    return Choice(threshold=threshold, out=folder, voc=bool(options.get("voc")))


def detect(
    network: Network,
    words: Sequence[str],
    options: Mapping[str, object],
    config: Config,
    workspace: Workspace,
    progress: Progress,
) -> list[str]:
    """Do it; the lines that tell what was done.

    Raises:
        UsageError: an option or a path is wrong, or no picture can be read.
        NetworkError: the network is not here, or can't be run.
        OSError: the folder can't be written.
    """
    choice, paths = parse(options), pictures_of(words)
    if receipt_of(workspace, network.name) is None:
        raise NetworkError(network.name, "it is not here yet", f"`doit extract:{network.name}`")
    if not network.saved_model:
        raise NetworkError(network.name, "it has no SavedModel, so it can't be run")
    folder = choice.out or _new_folder(workspace.results(network.name))
    labels = {number: label for label, number in config.label_ids(network).items()}
    found, faults = list[Found](), list[str]()
    results = _results(network, paths, config, workspace, progress)
    for number, (path, result) in enumerate(results, 1):
        if result.fault:
            faults.append(result.fault)
            continue
        found.append(_take(number, path, result.rows, labels, choice, folder, network.name))
    if not found:
        raise UsageError(COMMAND, f"no picture could be read: {faults[0]}", "name others")
    write_atomic(folder / "detections.json", _coco_results(found))
    write_atomic(folder / "pictures.json", _coco_index(found, labels))
    boxes = sum(one.score >= choice.threshold for each in found for one in each.boxes)
    on = f"{counted(boxes, 'box')} on {counted(len(found), 'picture')}"
    on += f", {len(faults)} left out" if faults else ""
    return [*faults, f"{network.name}: {on} (score {choice.threshold:g} and above): {folder}"]


def _new_folder(results: Path) -> Path:
    """The first that is free: what an earlier run left stays."""
    names = (results / f"detections-{number}" for number in count(1))
    return next(path for path in names if not path.exists())


def _results(
    network: Network,
    paths: Sequence[Path],
    config: Config,
    workspace: Workspace,
    progress: Progress,
) -> Iterator[tuple[Path, PictureResult]]:
    """What the network found on each picture, in their order; a picture that is there twice is run
    once."""
    if not tensorflow_version():
        raise NetworkError(network.name, "TensorFlow is not installed", child.INSTALL)
    digests, results = _digests(paths)
    files = {sha256: path.resolve() for path, sha256 in digests.items()}

    def phase(doing: str) -> None:
        total = len(files) if doing == "detect" else None
        progress.begin(f"{doing} {network.name}", total, "pictures")

    def partial(body: msgspec.Raw) -> None:
        part = msgspec.json.decode(body, type=Part)
        progress.advance(1)
        if isinstance(part, PictureResult):
            results[part.sha256] = part

    asked = _request(network, files, workspace)
    try:
        if scheduler_of(config.settings):
            _on_cluster(network, files, config, workspace, progress, results)
        else:
            limit = _limit(config, len(files))
            child.shared().run(asked, MeasureReply, limit, phase, partial)
    finally:
        progress.end()
    for path in paths:
        yield path, results[digests.get(path, str(path))]


def _on_cluster(
    network: Network,
    files: Mapping[str, Path],
    config: Config,
    workspace: Workspace,
    progress: Progress,
    results: dict[str, PictureResult],
) -> None:
    """Have the workers of a cluster do it."""
    from tasks.cluster.run import run_alone
    from tasks.cluster.works import work_on

    extracted = receipt_of(workspace, network.name)
    assert extracted is not None
    work = work_on(network, extracted, config, workspace, "detect", files)
    for answer in run_alone(config.settings, work, progress):
        results.update({one.sha256: one for one in answer.results})


def _digests(paths: Iterable[Path]) -> tuple[dict[Path, str], dict[str, PictureResult]]:
    """The sha256 of each picture; and, by its path, the fault of each that can't be read."""
    digests, faults = dict[Path, str](), dict[str, PictureResult]()
    for path in paths:
        try:
            digests[path] = sha256_of(path, LARGEST)
        except OSError as error:
            why = (error.strerror or "it is too large").lower()
            faults[str(path)] = PictureResult("", fault=f"{path} can't be read: {why}")
    return digests, faults


def _request(network: Network, files: Mapping[str, Path], workspace: Workspace) -> Request:
    """The request for TensorFlow's process, with permission to read these files (sha256 → path)."""
    log = workspace.log(COMMAND, network.name)
    make_folders(log.parent)
    reads = [workspace.pre_trained, workspace.network(network.name), *files.values()]
    asked = MeasureRequest(
        folder=workspace.network(network.name).as_posix(),
        signature=network.signature,
        pictures=tuple((path.as_posix(), sha256) for sha256, path in files.items()),
        sample=(),
    )
    return Request(
        handler="tasks.measure.benchmark:handle",
        network=network.name,
        log=str(log),
        permissions=Permissions(reads=tuple(map(str, reads))),
        most_partials=len(files),
        body=msgspec.Raw(msgspec.json.encode(asked)),
    )


def _limit(config: Config, pictures: int) -> float:
    """Seconds: the settings' for a network, and one more for each picture."""
    return config.settings.smoke_timeout + pictures


def _take(
    number: int,
    path: Path,
    rows: Rows,
    labels: Mapping[int, str],
    choice: Choice,
    folder: Path,
    network: str,
) -> Found:
    """Draw a picture and annotate it. Its name is its file's; a second one of that name has its
    number, too."""
    from tasks.detect.annotate import voc
    from tasks.smoke.draw import draw

    with opened(read_file(path, LARGEST)) as picture:
        pixels = upright(picture)
    kept = [row for row in rows if row[1] >= LEAST]
    boxes = tuple(Detection(labels.get(id, str(id)), score, place) for id, score, place in kept)
    shown = [
        ReportedDetection(
            label=one.label,
            id=row[0],
            score=one.score,
            box=one.place,
            pixels=(0, 0, 0, 0),  # drawn by their shares
            drawn=True,
        )
        for one, row in zip(boxes, kept, strict=True)
        if one.score >= choice.threshold
    ]
    name = path.stem if not (folder / f"{path.stem}.jpg").exists() else f"{path.stem}-{number}"
    write_atomic(folder / f"{name}.jpg", _jpeg(draw(pixels, shown)))
    if choice.voc:
        sure = [one for one in boxes if one.score >= choice.threshold]
        write_atomic(folder / "voc" / f"{name}.xml", voc(path, pixels.size, sure, network))
    ids = tuple(row[0] for row in kept)
    return Found(number=number, path=path, size=pixels.size, boxes=boxes, ids=ids)


def _jpeg(picture: Any) -> bytes:
    import io

    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _coco_results(found: Sequence[Found]) -> bytes:
    """COCO's result format: boxes are [x, y, width, height] in pixels of the upright picture."""
    rows = []
    for each in found:
        width, height = each.size
        for one, number in zip(each.boxes, each.ids, strict=True):
            ymin, xmin, ymax, xmax = one.place
            box = (xmin * width, ymin * height, (xmax - xmin) * width, (ymax - ymin) * height)
            rows.append(
                {
                    "image_id": each.number,
                    "category_id": number,
                    "bbox": [round(side, 2) for side in box],
                    "score": round(one.score, 5),
                }
            )
    return msgspec.json.encode(rows) + b"\n"


def _coco_index(found: Sequence[Found], labels: Mapping[int, str]) -> bytes:
    """The pictures and labels of the results, as COCO's annotation files have them."""
    images = [
        {"id": one.number, "file_name": str(one.path), "width": one.size[0], "height": one.size[1]}
        for one in found
    ]
    categories = [{"id": number, "name": label} for number, label in sorted(labels.items())]
    content = msgspec.json.encode({"images": images, "categories": categories})
    return msgspec.json.format(content, indent=1) + b"\n"
