"""A small annotated data set, as labelImg would leave it: PNG pictures and Pascal VOC XML.

    python -m embedded.dataset cube_faces/images --train 40 --test 10 --labels one,two

writes OUT/train/image000.png, image000.xml, ... and OUT/test/...: a stand-in for photographs of
one's own.
"""

import argparse
import itertools
import os
import zlib
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

from PIL import Image

from embedded import LABELS
from embedded.scenes import Scene, scene
from embedded.splits import EXAMPLES


def annotation(drawn: Scene, picture: Path) -> str:
    """The Pascal VOC XML of a scene, as labelImg writes it (libs/pascal_voc_io.py there).

    Boxes are pixel edges as in the scene, only that labelImg knows no 0: it writes 1.
    """
    height, width = drawn.picture.shape[:2]
    root = ET.Element("annotation")
    _add(root, "folder", picture.parent.name)
    _add(root, "filename", picture.name)
    _add(root, "path", str(picture))
    _add(ET.SubElement(root, "source"), "database", "Unknown")
    size = ET.SubElement(root, "size")
    for name, value in (("width", width), ("height", height), ("depth", 3)):
        _add(size, name, str(value))
    _add(root, "segmented", "0")
    for box, label in zip(drawn.boxes.tolist(), drawn.labels, strict=True):
        _object(root, box, label, width, height)
    ET.indent(root, "\t")
    return ET.tostring(root, encoding="unicode") + "\n"


def _object(root: ET.Element, box: list[float], label: str, width: int, height: int) -> None:
    ymin, xmin, ymax, xmax = (max(1, round(v)) for v in box)
    cut = xmin == 1 or ymin == 1 or xmax == width or ymax == height
    item = ET.SubElement(root, "object")
    for name, text in (
        ("name", label),
        ("pose", "Unspecified"),
        ("truncated", str(int(cut))),
        ("difficult", "0"),
    ):
        _add(item, name, text)
    bounds = ET.SubElement(item, "bndbox")
    for name, value in (("xmin", xmin), ("ymin", ymin), ("xmax", xmax), ("ymax", ymax)):
        _add(bounds, name, str(value))


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def write(
    folder: Path, first_seed: int, count: int, size: tuple[int, int], labels: tuple[str, ...]
) -> None:
    """Writes `count` scenes that show a digit, the first from `first_seed` on.

    FileExistsError, before anything is written, if the folder holds files: they may be a user's.
    """
    refuse_used(folder)
    folder.mkdir(parents=True, exist_ok=True)
    seeds = itertools.count(first_seed)
    drawn = (scene(seed, size=size, labels=labels) for seed in seeds)
    for number, one in enumerate(itertools.islice((d for d in drawn if d.labels), count)):
        picture = folder / f"image{number:03d}.png"
        _write_whole(picture, _png(one))
        _write_whole(picture.with_suffix(".xml"), annotation(one, picture).encode())


def refuse_used(folder: Path) -> None:
    """FileExistsError unless the folder is new or empty."""
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")


def _png(drawn: Scene) -> bytes:
    stream = BytesIO()
    # Looking for what repeats takes most of the time, and finds nothing in a picture with noise.
    Image.fromarray(drawn.picture).save(stream, "PNG", compress_type=zlib.Z_HUFFMAN_ONLY)
    return stream.getvalue()


def _write_whole(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (
        width.isdecimal()
        and height.isdecimal()
        and 64 <= int(width) <= 4096
        and 64 <= int(height) <= 4096
    ):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size from 64x64 to 4096x4096")
    return int(width), int(height)


def _labels(text: str) -> tuple[str, ...]:
    labels = tuple(text.split(","))
    if not set(labels) <= set(LABELS):
        raise argparse.ArgumentTypeError(f"{text!r}: the labels are {','.join(LABELS)}")
    return labels


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder to fill: OUT/train and OUT/test")
    parser.add_argument("--train", type=int, default=40, help="pictures to learn from (40)")
    parser.add_argument("--test", type=int, default=10, help="pictures to test with (10)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other pictures (1)")
    parser.add_argument("--size", type=_size, default=(640, 480), help="WIDTHxHEIGHT (640x480)")
    parser.add_argument("--labels", type=_labels, default=LABELS, help="such as one,two (all six)")
    return parser


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    if not (
        0 <= arguments.seed < 100 and 0 <= arguments.train <= 2000 and 0 <= arguments.test <= 2000
    ):
        parser.error("--seed goes from 0 to 99, --train and --test from 0 to 2000")
    first = EXAMPLES.first_seed + arguments.seed * 10_000
    try:
        for name in ("train", "test"):
            refuse_used(arguments.out / name)
        for name, start, count in (
            ("train", first, arguments.train),
            ("test", first + 5000, arguments.test),
        ):
            write(arguments.out / name, start, count, arguments.size, arguments.labels)
            print(f"{arguments.out / name}: {count} pictures")
    except FileExistsError as error:
        parser.error(f"{error}; give a new folder")


if __name__ == "__main__":
    main()
