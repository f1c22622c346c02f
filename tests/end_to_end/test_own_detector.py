"""From annotated pictures to a detector of one's own: real `doit` processes, no internet."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.training.history import read_csv
from tasks.training.receipt import TrainReceipt
from tests.end_to_end.conftest import EMBEDDED, did
from tests.support.checkouts import Checkout, Finished, check_out
from tests.support.once import once

pytestmark = pytest.mark.slow
NAME = f"cube_faces:{EMBEDDED}"
SETTINGS = f"""
[projects.cube_faces]
labels = ["eins", "zwei"]
networks = ["{EMBEDDED}"]

[projects.cube_faces.training]
num_steps = 24
evaluate_every = 12
"""


def pictures(folder: Path, train: int, test: int) -> None:
    """Pictures of cubes, with labels that the embedded network was not taught."""
    words = ["--train", str(train), "--test", str(test), "--labels", "one,two"]
    subprocess.run(
        [sys.executable, "-m", "embedded.dataset", str(folder), *words],
        check=True,
        capture_output=True,
    )
    for xml in folder.glob("*/*.xml"):
        xml.write_text(xml.read_text().replace(">one<", ">eins<").replace(">two<", ">zwei<"))


def _trained(folder: Path) -> tuple[Checkout, Finished]:
    checkout = check_out(folder / "workspace", TOD_OFFLINE="1")
    checkout.configure(SETTINGS)
    pictures(checkout.root / "cube_faces/images", 16, 6)
    return checkout, checkout.doit("train:cube_faces", "export:cube_faces")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, Finished]:
    """A workspace whose network was trained on 16 pictures and exported."""
    return once(tmp_path_factory, "own-detector", _trained)


def receipt_of(checkout: Checkout) -> TrainReceipt:
    found = receipts.read(Workspace(checkout.root).receipt("train", NAME), TrainReceipt)
    assert found is not None
    return found


def test_pictures_become_a_detector(trained: tuple[Checkout, Finished]) -> None:
    checkout, finished = trained
    assert finished.code == 0, finished.said
    assert {f"train:{NAME}", f"export:{NAME}"} <= did(finished)
    receipt = receipt_of(checkout)
    assert (receipt.steps, receipt.ended) == (24, "steps")
    assert receipt.trained + receipt.held_out == 16
    assert receipt.test_map_50 > 0.3  # of labels that it did not know before


def test_a_training_leaves_its_history_and_its_curve(trained: tuple[Checkout, Finished]) -> None:
    folder = trained[0].root / "results/cube_faces/training" / EMBEDDED
    rows = read_csv((folder / "history.csv").read_bytes())
    losses = [row.loss for row in rows if row.loss is not None]
    assert losses[-1] < 0.8 * losses[0]
    assert [row.step for row in rows if row.map is not None] == [12, 24]
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_trained_and_exported_is_up_to_date(trained: tuple[Checkout, Finished]) -> None:
    again = trained[0].doit("train:cube_faces", "export:cube_faces")
    assert (again.code, again.out) == (0, "nothing to do: everything is up to date\n")


def test_the_export_tells_what_it_is_without_naming_this_machine(
    trained: tuple[Checkout, Finished],
) -> None:
    import tarfile

    root = trained[0].root
    with tarfile.open(root / f"exports/cube_faces-{EMBEDDED}.tar.gz") as archive:
        texts = {
            member.name.partition("/")[2]: archive.extractfile(member).read().decode()  # type: ignore[union-attr]
            for member in archive.getmembers()
            if member.name.endswith((".md", ".config"))
        }
    assert set(texts) == {"model_card.md", "pipeline.config"}
    assert "A detector of eins, zwei" in texts["model_card.md"]
    assert "num_classes: 2" in texts["pipeline.config"]
    assert str(root) not in "".join(texts.values())


def test_more_steps_go_on_and_other_pictures_begin_anew(
    trained: tuple[Checkout, Finished], tmp_path: Path
) -> None:
    import shutil

    checkout = Checkout(tmp_path / "more", trained[0].environment)
    shutil.copytree(trained[0].root, checkout.root, symlinks=True)
    checkout.edit("num_steps = 24", "num_steps = 26")
    more = checkout.doit(f"train:{NAME}")
    assert "24 steps" not in more.out
    assert re.search(r"built +train:.*: 26 steps; from step 24 on", more.out), more.said

    picture = next((checkout.root / "cube_faces/images/train").glob("*.png"))
    picture.unlink()
    picture.with_suffix(".xml").unlink()
    checkout.edit("num_steps = 26", "num_steps = 2")
    anew = checkout.doit(f"train:{NAME}")
    assert re.search(r"built +train:.*: 2 steps; mAP", anew.out), anew.said
    assert f"the training before is now cube_faces/training/{EMBEDDED}/before-1" in anew.out
    before = checkout.root / f"cube_faces/training/{EMBEDDED}/before-1"
    assert {"best.npz", "state.npz", "history.csv"} <= {path.name for path in before.iterdir()}
    assert msgspec.json.decode((before / "run.json").read_bytes())["key"]
