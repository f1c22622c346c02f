"""`doit detect`, by a real process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.conftest import EMBEDDED
from tests.support.annotated import picture
from tests.support.checkouts import Checkout

pytestmark = pytest.mark.slow


def test_a_folder_of_pictures_is_looked_through(built: Checkout, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "red.png").write_bytes(picture())
    (photos / "broken.jpg").write_bytes(b"no picture")
    shutil.copyfile(built.root / f"results/{EMBEDDED}/smoke.png", photos / "cubes.png")
    shutil.copyfile(photos / "cubes.png", photos / "again.png")

    done = built.doit("detect", str(photos), "--network", EMBEDDED, "--voc")
    assert done.code == 0, done.said
    out = built.root / f"results/{EMBEDDED}/detections-1"
    assert "on 3 pictures" in done.out
    assert "broken.jpg can't be used" in done.out
    assert {path.name for path in out.iterdir()} == {
        *("again.jpg", "cubes.jpg", "red.jpg", "detections.json", "pictures.json", "voc")
    }
    index = json.loads((out / "pictures.json").read_bytes())
    by_name = {Path(one["file_name"]).name: one["id"] for one in index["images"]}
    results = json.loads((out / "detections.json").read_bytes())
    boxes = {
        name: [row["bbox"] for row in results if row["image_id"] == number]
        for name, number in by_name.items()
    }
    assert boxes["cubes.png"] == boxes["again.png"] != []
    assert {path.name for path in photos.iterdir()} == {
        *("red.png", "broken.jpg", "cubes.png", "again.png")
    }

    wrong = built.doit("detect", str(photos), "--netwrok", EMBEDDED)
    assert wrong.code == 3
    assert "did you mean --network?" in wrong.said
