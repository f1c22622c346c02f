"""How accurate the embedded network is, measured by pycocotools on pictures it never met.

python -m embedded.evaluate                     the shipped archive, 500 pictures a row
python -m embedded.evaluate --publish           and write figures.json and README's table
"""

import argparse
import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from embedded.detector import Found, Signature, detect, latencies, load_archive
from embedded.pack import ARCHIVE
from embedded.render import draw
from embedded.report import with_table
from embedded.scenes import SIDE, Scene, scene
from embedded.scoring import Judged, Truth, average_precision, judge, truth_of
from embedded.splits import EXAMPLES, TEST, VALIDATION, Split

FIGURES = Path(__file__).with_name("figures.json")
THRESHOLD = 0.5
"""Score from which on a detection counts for precision and recall; chosen on validation."""
_FIRST = {0: 0, 100: 100_000}  # the seeds of real handwriting are not those of strokes


@dataclass(frozen=True)
class Row:
    """A set of pictures: percent of real handwriting, size drawn, and a change."""

    name: str
    real_percent: int
    size: tuple[int, int] = (SIDE, SIDE)
    change: Callable[[Scene], Scene] | None = None


def at_three_quarters(drawn: Scene) -> Scene:
    """The scene shrunk to 3/4, the rest of the picture black."""
    side = SIDE * 3 // 4
    canvas = Image.new("RGB", (SIDE, SIDE))
    canvas.paste(Image.fromarray(drawn.picture).resize((side, side), Image.Resampling.BOX))
    return Scene(np.asarray(canvas), drawn.boxes * np.float32(0.75), drawn.labels)


ROWS = (
    Row("strokes", 0),
    Row("real handwriting", 100),
    Row("strokes, 3/4 scale", 0, change=at_three_quarters),
    Row("real handwriting, 3/4 scale", 100, change=at_three_quarters),
    Row("strokes, 640x480", 0, size=(640, 480)),
    Row("real handwriting, 640x480", 100, size=(640, 480)),
)


def _draw(seed: int, row: Row, split: Split) -> Scene:
    drawn = draw(seed, split, row.real_percent, row.size)
    return row.change(drawn) if row.change else drawn


def pictures(row: Row, split: Split, count: int) -> Iterator[Scene]:
    """The pictures of a row, drawn by processes of their own."""
    seeds = split.seeds(count, _FIRST[row.real_percent])
    with multiprocessing.get_context("spawn").Pool() as pool:
        yield from pool.imap(partial(_draw, row=row, split=split), seeds, chunksize=8)


def measure(signature: Signature, drawn: Iterator[Scene]) -> dict[str, float]:
    """mAP, precision and recall of a network on pictures."""
    pairs: list[tuple[Truth, Found]] = [
        (truth_of(scene_), detect(signature, scene_.picture)) for scene_ in drawn
    ]
    judged = judge(pairs, THRESHOLD)
    return {**average_precision(pairs), **_shares(judged)}


def _shares(judged: Judged) -> dict[str, float]:
    return {
        "precision": judged.right / max(1, judged.claimed),
        "recall": judged.right / max(1, judged.present),
        "digits": float(judged.present),
    }


def evaluate(archive: Path, split: Split, count: int) -> dict[str, Any]:
    """All figures of an archive as JSON would have them."""
    signature = load_archive(archive)
    rows = {}
    for row in ROWS:
        rows[row.name] = measure(signature, pictures(row, split, count))
        print(_line(row.name, rows[row.name]), flush=True)
    from embedded.network import parameters  # TensorFlow, which the drawing processes do without

    packed = archive.read_bytes()
    return {
        "archive": archive.name,
        "parameters": parameters(),
        "bytes": len(packed),
        "sha256": hashlib.sha256(packed).hexdigest(),
        "pictures_per_row": count,
        "split": "validation" if split == VALIDATION else "test",
        "threshold": THRESHOLD,
        "rows": {k: {n: round(v, 4) for n, v in r.items()} for k, r in rows.items()},
    }


def publish(figures: dict[str, Any]) -> None:
    """Writes the figures into this folder: figures.json and the table of README.md."""
    readme = FIGURES.with_name("README.md")
    text = with_table(readme.read_text(encoding="utf-8"), figures)
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    readme.write_text(text, encoding="utf-8")


def _line(name: str, figures: dict[str, float]) -> str:
    values = "  ".join(f"{figures[k]:9.3f}" for k in ("map50", "map", "precision", "recall"))
    return f"{name:30s}{values}  {int(figures['digits']):7d}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--archive", type=Path, default=ARCHIVE, help="the network to judge")
    parser.add_argument("--pictures", type=int, default=500, help="pictures a row (500)")
    parser.add_argument(
        "--validation", action="store_true", help="pictures for tuning, not those of the test"
    )
    parser.add_argument("--write", type=Path, help="also write the figures to this JSON file")
    parser.add_argument(
        "--publish", action="store_true", help="also write them to embedded/ (figures.json, README)"
    )
    arguments = parser.parse_args()
    times = latencies(arguments.archive, scene(EXAMPLES.first_seed).picture)
    print("load {load:.2f} s, first inference {first:.2f} s, then {warm:.3f} s".format(**times))
    print(f"{'':30s}  mAP@0.5  mAP@.5:.95  precision  recall   digits")
    split = VALIDATION if arguments.validation else TEST
    figures = evaluate(arguments.archive, split, arguments.pictures)
    figures["seconds"] = {name: round(value, 3) for name, value in times.items()}
    if arguments.write:
        arguments.write.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if arguments.publish:
        publish(figures)


if __name__ == "__main__":
    main()
