"""A proof that takes minutes: a network of a scaffolded project really trains.

    python -m tests.proof.train_for_real ARCHIVE --python … --api … [--steps 60] [--folder …]

ARCHIVE is one of the zoo's Faster R-CNN archives, or one of that shape with random weights. In a
fresh workspace: `doit scaffold`, pictures from the embedded generator, `doit records` and `doit
doctor`; then the Object Detection API trains with the files as they stand, exports, and the export
goes through `doit smoke`. Ends with the figures as JSON, and with exit code 1 if the loss did not
fall.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from embedded import LABELS
from tests.proof import api
from tests.support.checkouts import ROOT, check_out

NETWORK, EXPORT, PROJECT = "faster_rcnn", "trained_export", "cube_faces"
RESIZER = "model.faster_rcnn.image_resizer.keep_aspect_ratio_resizer"
# The API may tell each look twice, by two loggers: what follows a step's first line counts.
LOOK = re.compile(
    r"Step \d+ per-step time ([0-9.]+)s.*?'Loss/total_loss': ([0-9.e+-]+|nan|inf)", re.DOTALL
)

WORKSPACE = """
[projects.{project}]
labels = {labels}
networks = ["{network}"]

[projects.{project}.training]
batch_size = {batch}
num_steps = {steps}
max_detections = 12
{rate}
overrides = {{ "{resizer}.min_dimension" = {side}, "{resizer}.max_dimension" = {side} }}

[networks.{network}]
family = "Faster R-CNN"
sources = ["{archive}"]
"""
EXPORTED = """
[networks.{name}]
family = "Faster R-CNN"
sources = ["{archive}"]
labels = {labels}
"""


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--every", type=int, default=1, help="steps between two looks at the loss")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rate", type=float, help="instead of the rate that scaffold chooses")
    parser.add_argument("--side", type=int, default=320, help="pixels; the zoo's 640 take 4 times")
    parser.add_argument("--minutes", type=float, default=30, help="for the training")
    parser.add_argument("--folder", type=Path, help="to work in; else one that is removed")
    return api.arguments(parser)


def main() -> int:
    given = parsed()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="proof-"))
    try:
        figures = prove(given, folder.resolve())
    finally:
        if given.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(figures, indent=1))
    return 0 if figures["fell"] else 1


def prove(given: argparse.Namespace, folder: Path) -> dict[str, object]:
    """All of it, in an empty folder; the figures."""
    root = folder / "workspace"
    prepare(given, root)
    network = root / PROJECT / "training" / NETWORK
    began = time.monotonic()
    said = api.run(
        given,
        *("train", str(network / "pipeline.config"), str(network / "checkpoint1")),
        *(str(given.steps), str(given.every)),
        cwd=root,  # the paths in the file are relative to the workspace
        timeout=given.minutes * 60,
    )
    minutes = (time.monotonic() - began) / 60
    (folder / "training.log").write_text(said)
    looks = [(float(seconds), float(loss)) for seconds, loss in LOOK.findall(said)]
    summary = export_and_smoke(given, root, network)
    return told(given, looks, minutes, summary)


def prepare(given: argparse.Namespace, root: Path) -> None:
    """A workspace with pictures and records."""
    checkout = check_out(root)
    text = WORKSPACE.format(
        project=PROJECT,
        labels=json.dumps(LABELS),
        network=NETWORK,
        resizer=RESIZER,
        archive=given.archive.resolve().as_posix(),
        rate=f"learning_rate = {given.rate}" if given.rate else "",
        **{name: getattr(given, name) for name in ("batch", "steps", "side")},
    )
    checkout.configure(text)
    doit(root, f"scaffold:{PROJECT}")
    pictures = root.parent / "pictures"
    command = [sys.executable, "-m", "embedded.dataset", str(pictures), "--train", "60"]
    subprocess.run(
        [*command, "--test", "8", "--size", "480x480"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for split in ("train", "test"):
        shutil.copytree(pictures / split, root / PROJECT / "images" / split, dirs_exist_ok=True)
    doit(root, f"records:{PROJECT}", f"doctor:{PROJECT}")


def doit(root: Path, *words: str) -> str:
    """Run doit in the workspace; what it said."""
    environment = {**os.environ, "TOD_CACHE": str(root.parent / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "doit", *words],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, done.stderr, sep="", file=sys.stderr)
    if done.returncode:
        raise subprocess.SubprocessError(f"doit {' '.join(words)} ended with {done.returncode}")
    return done.stdout


def export_and_smoke(given: argparse.Namespace, root: Path, network: Path) -> object:
    """Export what was trained, and run it as a network of the user's own; smoke's results."""
    exported = network / "saved_model1"
    words = (str(network / "pipeline.config"), str(network / "checkpoint1"), str(exported))
    api.run(given, "export", *words, cwd=root, timeout=900)
    archive = root / "exports" / f"{EXPORT}.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(exported, EXPORT)
    config = root / "config/workspace.toml"
    entry = EXPORTED.format(name=EXPORT, archive=archive.as_posix(), labels=json.dumps(LABELS))
    config.write_text(config.read_text() + entry)
    doit(root, f"smoke:{EXPORT}")
    results: object = json.loads((root / "results" / EXPORT / "smoke.json").read_text())
    return results


def told(
    given: argparse.Namespace, looks: list[tuple[float, float]], minutes: float, smoke: object
) -> dict[str, object]:
    """The figures. One step's loss is noisy: a quarter of them is averaged at each end."""
    losses = [loss for _, loss in looks]
    few = max(1, len(losses) // 4)
    first, last = statistics.fmean(losses[:few]), statistics.fmean(losses[-few:])
    return {
        "steps": given.steps,
        "batch": given.batch,
        "side": given.side,
        "losses": losses,
        "from": round(first, 4),
        "to": round(last, 4),
        "averaged": few,
        "fell": len(losses) >= 8 and last < first,
        "seconds_per_step": [seconds for seconds, _ in looks],
        "minutes": round(minutes, 1),
        "smoke": smoke,
    }


if __name__ == "__main__":
    sys.exit(main())
