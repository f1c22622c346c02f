"""Pascal VOC → another format → Pascal VOC: boxes, labels and splits are the same; lost is what the
other format has no words for, which docs/importing.md states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from tasks.annotations.voc import Box
from tests.importing.data_sets import imported, lay, shaded

Set = Mapping[str, tuple[Box, ...]]
SIZE = (320, 240)
DIFFICULT = Box("one", 5, 6, 70.25, 80, difficult=True, truncated=True, pose="Left")
BOXES: Set = {
    "a": (Box("one", 1, 1, 320, 240), Box("zwei", 10, 20, 31, 47), DIFFICULT),
    "b": (Box("a b & <c>", 0, 0, 3, 3), Box("one", 100.5, 100.25, 300.75, 200)),
    "none": (),
}
LABELS = ("zwei", "one", "a b & <c>")


def yolo(boxes: Set) -> dict[str, object]:
    def line(box: Box) -> str:
        x, y = (box.xmin + box.xmax) / 2 / 320, (box.ymin + box.ymax) / 2 / 240
        width, height = (box.xmax - box.xmin) / 320, (box.ymax - box.ymin) / 240
        return f"{LABELS.index(box.label)} {x:.6f} {y:.6f} {width:.6f} {height:.6f}\n"

    files: dict[str, object] = {f"{name}.txt": "".join(map(line, b)) for name, b in boxes.items()}
    return files | {"classes.txt": "\n".join(LABELS)}


def coco(boxes: Set) -> dict[str, object]:
    images = [
        {"id": number * 7, "file_name": f"{name}.png", "width": 320, "height": 240}
        for number, name in enumerate(boxes)
    ]
    annotations = [
        {
            "id": number,
            "image_id": list(boxes).index(name) * 7,
            "category_id": LABELS.index(box.label) * 3,
            "bbox": [box.xmin, box.ymin, box.xmax - box.xmin, box.ymax - box.ymin],
        }
        for number, (name, box) in enumerate((n, b) for n, many in boxes.items() for b in many)
    ]
    categories = [{"id": number * 3, "name": label} for number, label in enumerate(LABELS)]
    return {"x.json": {"images": images, "annotations": annotations, "categories": categories}}


def labelme(boxes: Set) -> dict[str, object]:
    return {
        f"{name}.json": {
            "shapes": [
                {
                    "label": box.label,
                    "points": [[box.xmin, box.ymin], [box.xmax, box.ymax]],
                    "shape_type": "rectangle",
                    "difficult": box.difficult,
                }
                for box in many
            ],
            "imagePath": f"{name}.png",
            "imageWidth": 320,
            "imageHeight": 240,
        }
        for name, many in boxes.items()
    }


def createml(boxes: Set) -> dict[str, object]:
    return {
        "x.json": [
            {
                "image": f"{name}.png",
                "annotations": [
                    {
                        "label": box.label,
                        "coordinates": {
                            "x": (box.xmin + box.xmax) / 2,
                            "y": (box.ymin + box.ymax) / 2,
                            "width": box.xmax - box.xmin,
                            "height": box.ymax - box.ymin,
                        },
                    }
                    for box in many
                ],
            }
            for name, many in boxes.items()
        ]
    }


def csv(boxes: Set) -> dict[str, object]:
    rows = [
        f"{name}.png,320,240,{box.label},{box.xmin},{box.ymin},{box.xmax},{box.ymax}\n"
        for name, many in boxes.items()
        for box in many
    ]
    return {"x.csv": "filename,width,height,class,xmin,ymin,xmax,ymax\n" + "".join(rows)}


def voc(boxes: Set) -> dict[str, object]:
    from tasks.annotations.voc_writer import annotation

    return {f"x/{name}.xml": annotation(Path(f"{name}.png"), SIZE, b) for name, b in boxes.items()}


PLAIN = {"difficult": False, "truncated": False, "pose": "Unspecified"}


@pytest.mark.parametrize(
    ("exporter", "lost"),
    [
        (yolo, PLAIN),
        (coco, PLAIN),
        (labelme, {"truncated": False, "pose": "Unspecified"}),
        (createml, PLAIN),
        (csv, PLAIN),
        (voc, {}),
    ],
)
def test_there_and_back_nothing_else_is_lost(
    tmp_path: Path, exporter: Callable[[Set], dict[str, object]], lost: dict[str, object]
) -> None:
    pictures = {f"{name}.png": shaded(number, SIZE) for number, name in enumerate(BOXES)}
    done = imported(tmp_path, lay(tmp_path / "s", {**pictures, **exporter(BOXES)}))
    assert done.result.error is None
    for name, boxes in BOXES.items():
        if exporter is csv and not boxes:
            assert f"train/{name}.xml" not in done.files  # a table has no row for no box
            continue
        annotation = done.annotation(f"train/{name}.xml")
        assert annotation.size == SIZE
        assert annotation.boxes == tuple(replace(box, **lost) for box in boxes)
        assert done.files[f"train/{name}.png"] == pictures[f"{name}.png"]
