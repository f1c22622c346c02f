"""Contact sheets of pictures with what the network finds in them.

    python -m embedded.gallery OUT              sheets of each kind of picture, each pixel as is
    python -m embedded.gallery --publish        the small ones of embedded/README.md

Green: found rightly; red: not a digit, or another one; yellow: missed.
"""

import argparse
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from embedded import LABELS
from embedded.detector import Found, Signature, detect, load_archive
from embedded.evaluate import ROWS, THRESHOLD, pictures
from embedded.pack import ARCHIVE
from embedded.scenes import SIDE, Scene
from embedded.scoring import SAME, overlap, truth_of
from embedded.splits import TEST

GREEN, RED, YELLOW = (0, 220, 60), (255, 40, 40), (255, 220, 0)
_PUBLISHED = Path(__file__).with_name("pictures")
_COLOURS = 96


def marked(drawn: Scene, found: Found) -> tuple[Image.Image, bool]:
    """The picture with its detections above the threshold; and whether there is an error."""
    picture = Image.fromarray(drawn.picture)
    pen, truth = ImageDraw.Draw(picture), truth_of(drawn)
    free, wrong = np.ones(len(truth.classes), bool), False
    for box, c, score in zip(found.boxes, found.classes, found.scores, strict=True):
        if score < THRESHOLD:
            break
        fits = np.where(free & (truth.classes == c), overlap(box, truth.boxes), 0.0)
        right = bool(fits.size and fits.max() >= SAME)
        if right:
            free[int(fits.argmax())] = False
        wrong = wrong or not right
        _frame(pen, box.tolist(), f"{LABELS[c - 1]} {score:.2f}", GREEN if right else RED)
    for box in truth.boxes[free]:
        _frame(pen, box.tolist(), "missed", YELLOW)
    return picture, wrong or bool(free.any())


def _frame(
    pen: ImageDraw.ImageDraw, box: list[float], text: str, colour: tuple[int, int, int]
) -> None:
    ymin, xmin, ymax, xmax = box
    pen.rectangle((xmin, ymin, xmax, ymax), outline=colour, width=2)
    place = (xmin, max(0, ymin - 12))
    pen.rectangle(pen.textbbox(place, text), fill=(0, 0, 0))
    pen.text(place, text, fill=colour)


def sheet(pictures_: Iterable[Image.Image], columns: int, side: int = SIDE) -> Image.Image:
    """Pictures side by side, each within a square of `side` pixels."""
    tiles = [picture.copy() for picture in pictures_]
    rows = -(-len(tiles) // columns)
    whole = Image.new("RGB", (columns * side, rows * side))
    for i, tile in enumerate(tiles):
        tile.thumbnail((side, side))
        whole.paste(tile, (i % columns * side, i // columns * side))
    return whole


def marks(
    signature: Signature, scenes: Iterable[Scene], errors_only: bool = False
) -> Iterator[Image.Image]:
    """GroundTruth pictures of scenes, or of those alone in which something went wrong."""
    for drawn in scenes:
        picture, wrong = marked(drawn, detect(signature, drawn.picture))
        if wrong or not errors_only:
            yield picture


def save_small(picture: Image.Image, path: Path) -> None:
    """Saves a PNG of few colours, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    # A strip of the marks' colours, cut off again, keeps them in the palette.
    wider = Image.new("RGB", (picture.width, picture.height + 45))
    wider.paste(picture)
    for i, colour in enumerate((GREEN, RED, YELLOW)):
        wider.paste(
            colour, (0, picture.height + 15 * i, picture.width, picture.height + 15 * i + 15)
        )
    small = wider.quantize(_COLOURS).crop((0, 0, *picture.size))
    small.save(temporary, "PNG", optimize=True)
    os.replace(temporary, path)


def publish(signature: Signature) -> None:
    """The pictures of README: finds in both handwritings, and failures."""
    for row, name in zip(ROWS[:2], ("strokes", "real"), strict=True):
        found = marks(signature, pictures(row, TEST, 6))
        save_small(sheet(found, 3, 240), _PUBLISHED / f"{name}.png")
    failures = marks(signature, pictures(ROWS[1], TEST, 120), errors_only=True)
    save_small(sheet(islice(failures, 6), 3, 240), _PUBLISHED / "failures.png")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, nargs="?", help="folder for the sheets")
    parser.add_argument("--publish", action="store_true", help="write embedded/pictures")
    parser.add_argument("--archive", type=Path, default=ARCHIVE, help="the network to show")
    parser.add_argument("--pictures", type=int, default=20, help="pictures a sheet (20)")
    arguments = parser.parse_args()
    if arguments.out is None and not arguments.publish:
        parser.error("give a folder OUT, or --publish")
    signature = load_archive(arguments.archive)
    if arguments.publish:
        publish(signature)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        for i, row in enumerate(ROWS):
            found = marks(signature, pictures(row, TEST, arguments.pictures))
            sheet(found, 5).save(arguments.out / f"{i}.png")
            print(f"{arguments.out / f'{i}.png'}: {row.name}")


if __name__ == "__main__":
    main()
