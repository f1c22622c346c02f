"""From a fresh clone to a project that is ready to be trained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.conftest import EMBEDDED, TUTORIAL
from tests.support.checkouts import Checkout, check_out

TRAIN, TEST = 6, 2


def draw(checkout: Checkout) -> None:
    """Pictures and XML, as a learner would bring them."""
    words = ["cube_faces/images", "--train", str(TRAIN), "--test", str(TEST), "--size", "160x120"]
    subprocess.run(
        [sys.executable, "-m", "embedded.dataset", *words, "--labels", "one,two"],
        cwd=checkout.root,
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A scaffolded project with pictures, in a place that reaches no host."""
    made = check_out(tmp_path_factory.mktemp("ready") / "workspace", TOD_OFFLINE="1")
    assert made.doit("scaffold:cube_faces").code == 0
    return made


def test_a_clone_with_pictures_is_ready_to_be_trained(checkout: Checkout) -> None:
    before = checkout.doit("records:cube_faces")
    assert before.code == 0
    assert "cube_faces/images/train is empty: put most of your pictures there" in before.out
    assert checkout.doit("doctor:cube_faces").code == 1

    draw(checkout)
    done = checkout.doit("records:cube_faces", "doctor:cube_faces")
    assert done.code == 0, done.said
    assert f"train.record: {TRAIN} pictures" in done.out
    flat = " ".join(done.out.split())
    assert f"ok {EMBEDDED}: `doit train` has a trainer of its own for it" in flat
    assert f"warning {TUTORIAL}: is not here yet" in flat
    assert "1 warning" in flat
    assert max(map(len, done.out.partition("\ncube_faces: ")[2].splitlines())) <= 80

    again = checkout.doit("records", "doctor")
    assert again.code == 0
    assert "nothing to do: everything is up to date" in again.out
    assert "cube_faces: " in again.out

    broken = checkout.root / "cube_faces/images/train/image000.xml"
    right = broken.read_bytes()
    broken.write_bytes(right.replace(b">one<", b">onee<").replace(b">two<", b">onee<"))
    refused = checkout.doit("records:cube_faces")
    assert refused.code == 1
    assert "image000.xml: label onee is not in the label map; did you mean one?" in refused.err
    assert "Traceback" not in refused.said
    examined = checkout.doit("doctor:cube_faces")
    assert examined.code == 1
    assert "label onee is not in the label map" in " ".join(examined.out.split())
    broken.write_bytes(right)
    assert checkout.doit("records:cube_faces", "doctor:cube_faces").code == 0


def test_both_are_listed_and_plain_doit_runs_neither(checkout: Checkout) -> None:
    listed = checkout.doit("list", "-q").out.split()
    assert {"records", "records:cube_faces", "doctor", "doctor:cube_faces"} <= set(listed)
    planned = checkout.doit("list", "--deps", "-q", "workspace").out
    assert "records" not in planned
    assert "doctor" not in planned


@pytest.mark.parametrize("step", ["records", "doctor"])
def test_a_misspelt_project_is_suggested(checkout: Checkout, step: str) -> None:
    done = checkout.doit(f"{step}:cube_face")
    assert done.code == 3
    assert "did you mean cube_faces?" in done.err


def test_asking_whether_records_are_stale_imports_nothing_heavy(checkout: Checkout) -> None:
    ask = """
import sys
import dodo
for task in dodo.task_steps_on_request():
    if task.name.startswith(("records", "doctor")):
        for call, args, options in task.uptodate:
            call is True or call(task, {}, *args, **options)
print(sorted({"PIL", "numpy", "rich", "tensorflow", "google_crc32c", "google.protobuf"}
             & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=checkout.root, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_clean_takes_the_records_and_leaves_the_pictures(tmp_path: Path) -> None:
    made = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    made.edit(f'"{TUTORIAL}",', "")
    draw(made)
    pictures = made.files()
    assert made.doit("records").code == 0
    assert (made.root / "cube_faces/training/train.record").exists()
    assert made.doit("clean").code == 0
    assert made.files() == pictures
