"""`doit import`, by a real process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importing.data_sets import lay
from tests.support.checkouts import check_out

pytestmark = pytest.mark.slow


def test_a_data_set_becomes_records(tmp_path: Path) -> None:
    files: dict[str, object] = {"data.yaml": "names: [one, two]"}
    for number, split in enumerate(("train", "valid")):
        files |= {f"{split}/images/{split}.png": number}
        files |= {f"{split}/labels/{split}.txt": f"{number} 0.5 0.5 0.25 0.5\n"}
    source = lay(tmp_path / "source", files)
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")

    done = checkout.doit("import", str(source), "--project", "cube_faces", "--pictures", "refer")
    assert done.code == 0, done.said
    assert "YOLO: 2 files, as train/labels/train.txt" in done.err
    assert "2 pictures with 2 boxes: 1 in images/train, 1 in images/test" in done.out
    assert "Traceback" not in done.said
    made = checkout.doit("records:cube_faces")
    assert made.code == 0, made.said
    assert "train.record: 1 picture, 1 box" in made.said

    lay(source, {"train/labels/train.txt": "9 0.5 0.5 0.25 0.5\n"})
    done = checkout.doit("import", str(source))
    assert done.code == 1
    assert "train/labels/train.txt, line 1: there is no label 9" in done.err
    assert "1 picture with 1 box" in done.out

    wrong = checkout.doit("import", str(source), "--fromat", "yolo")
    assert wrong.code == 3
    assert "did you mean --format?" in wrong.said
