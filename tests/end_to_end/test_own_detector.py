"""From annotated pictures to a detector of one's own: real `doit` processes, no internet."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from embedded.dataset import write
from embedded.splits import EXAMPLES
from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.training.history import read_csv
from tasks.training.receipt import TrainReceipt
from tests.end_to_end.conftest import EMBEDDED, did
from tests.support.checkouts import Checkout, Finished, check_out
from tests.support.html import data_of, parse
from tests.support.once import once

pytestmark = pytest.mark.slow
NAME, EXPORT = f"cube_faces:{EMBEDDED}", f"cube_faces-{EMBEDDED}"
SETTINGS = f"""
[projects.cube_faces]
labels = ["eins", "zwei", "drei"]
networks = ["{EMBEDDED}"]

[projects.cube_faces.training]
num_steps = 16
evaluate_every = 8
batch_size = 4
"""


def pictures(folder: Path, train: int, test: int) -> None:
    """Pictures of cubes, with labels that the embedded network was not taught."""
    for number, (split, count) in enumerate({"train": train, "test": test}.items()):
        seed = EXAMPLES.first_seed + 10_000 + 5_000 * number
        write(folder / split, seed, count, (320, 240), ("one", "two"))
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
    assert (receipt.steps, receipt.ended) == (16, "steps")
    assert receipt.trained + receipt.held_out == 16
    assert receipt.test_map_50 > 0.3  # of labels that it did not know before


def test_a_training_leaves_its_history_and_its_curve(trained: tuple[Checkout, Finished]) -> None:
    folder = trained[0].root / "results/cube_faces/training" / EMBEDDED
    rows = read_csv((folder / "history.csv").read_bytes())
    losses = [row.loss for row in rows if row.loss is not None]
    assert losses[-1] < 0.8 * losses[0]
    assert [row.step for row in rows if row.map is not None] == [8, 16]
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_an_export_is_a_network_at_once_and_nothing_is_done_twice(
    trained: tuple[Checkout, Finished],
) -> None:
    new = trained[0].doit(f"extract:{EXPORT}")
    assert did(new) == {f"{step}:{EXPORT}" for step in ("download", "verify", "extract")}
    for words in (["export"], ["train:cube_faces", "export:cube_faces"], [f"export:{NAME}"]):
        again = trained[0].doit(*words)
        assert (again.code, again.out) == (0, "nothing to do: everything is up to date\n")
    again = trained[0].doit(f"train:{NAME}", f"export:{NAME}", f"extract:{EXPORT}")
    assert again.code == 0, again.said


def test_the_export_tells_what_it_is_without_naming_this_machine(
    trained: tuple[Checkout, Finished],
) -> None:
    root = trained[0].root
    with tarfile.open(root / f"exports/{EXPORT}.tar.gz") as archive:
        texts = {
            member.name.partition("/")[2]: archive.extractfile(member).read().decode()  # type: ignore[union-attr]
            for member in archive.getmembers()
            if member.name.endswith((".md", ".config"))
        }
    assert set(texts) == {"model_card.md", "pipeline.config"}
    assert "A detector of eins, zwei" in texts["model_card.md"]
    assert "num_classes: 3" in texts["pipeline.config"]
    assert str(root) not in "".join(texts.values())


def test_the_page_tells_of_the_training(trained: tuple[Checkout, Finished]) -> None:
    checkout = trained[0]
    finished = checkout.doit("compare:cube_faces")
    assert finished.code == 0, finished.said
    root = parse((checkout.root / "results/cube_faces/index.html").read_text(encoding="utf-8"))
    part = root.one("article", class_="training")
    best = receipt_of(checkout).best_step
    assert part.text.count(f"best: step {best}") == 3
    captions = [table.one("caption").text for table in part.all("table")]
    assert captions[1:3] == ["Before and after", "Average precision by label"]
    scores = [one["f1"][0] for one in data_of(root)["pictures"]]
    assert len(scores) == 6
    assert scores == sorted(scores)
