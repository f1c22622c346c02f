"""Only what is stale runs again, and the output says why."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.end_to_end.conftest import EMBEDDED, did
from tests.support.checkouts import Checkout

CONFIG = f"pre-trained/{EMBEDDED}/pipeline.config"
WEIGHTS = f"pre-trained/{EMBEDDED}/checkpoint/ckpt-0.data-00000-of-00001"


def receipts(checkout: Checkout) -> dict[str, bytes]:
    return {name: text for name, text in checkout.files().items() if "/receipts/" in name}


def test_a_second_doit_does_nothing(built: Checkout) -> None:
    before = built.files()
    done = built.doit()
    assert done.code == 0
    assert done.out.startswith("nothing to do: everything else is up to date\n")
    assert not did(done)
    after = built.files()
    del before[".tod/doit.sqlite"], after[".tod/doit.sqlite"]  # the probe's own run is noted there
    assert after == before


def test_a_lost_database_costs_a_check_and_no_work(built: Checkout) -> None:
    before = receipts(built)
    (built.root / ".tod/doit.sqlite").unlink()
    done = built.doit()
    assert done.out.startswith("nothing to do")
    assert receipts(built) == before


def test_a_workspace_that_is_moved_stays_up_to_date(built: Checkout, tmp_path: Path) -> None:
    built.root.rename(tmp_path / "elsewhere")
    moved = Checkout(tmp_path / "elsewhere", built.environment)
    assert moved.doit().out.startswith("nothing to do")


def test_a_missing_file_of_a_network_is_put_back(built: Checkout) -> None:
    content = (built.root / WEIGHTS).read_bytes()
    (built.root / WEIGHTS).unlink()
    done = built.doit()
    assert did(done) == {f"extract:{EMBEDDED}"}
    assert "ckpt-0.data-00000-of-00001 is missing" in done.out
    assert (built.root / WEIGHTS).read_bytes() == content


def test_a_half_written_file_of_a_network_is_put_back(built: Checkout) -> None:
    content = (built.root / WEIGHTS).read_bytes()
    (built.root / WEIGHTS).write_bytes(content[:1000])
    assert did(built.doit()) == {f"extract:{EMBEDDED}"}
    assert (built.root / WEIGHTS).read_bytes() == content


def test_an_edited_config_of_a_network_is_moved_aside_and_named(built: Checkout) -> None:
    original = (built.root / CONFIG).read_text()
    (built.root / CONFIG).write_text(original + "# mine\n")
    done = built.doit()
    assert did(done) == {f"extract:{EMBEDDED}"}
    assert (built.root / CONFIG).read_text() == original
    [mine] = [
        path
        for path in (built.root / CONFIG).parent.rglob("pipeline.config*")
        if path.read_text().endswith("# mine\n")
    ]
    assert mine.name in done.out


def test_a_touched_file_of_a_network_is_settled_by_one_look(built: Checkout) -> None:
    os.utime(built.root / WEIGHTS)
    built.doit()
    assert built.doit().out.startswith("nothing to do")


def test_new_labels_make_the_project_stale_and_nothing_else(built: Checkout) -> None:
    built.edit('labels = ["one", "two"]', 'labels = ["one", "two", "three"]')
    done = built.doit()
    assert did(done) == {"scaffold:cube_faces"}
    assert "three" in (built.root / "cube_faces/training/label_map.pbtxt").read_text()


def test_a_new_project_is_one_line(built: Checkout) -> None:
    line = f'dice = {{ labels = ["one"], networks = ["{EMBEDDED}"] }}'
    built.edit("[projects.cube_faces]", f"[projects]\n{line}\n[projects.cube_faces]")
    assert did(built.doit()) == {"scaffold:dice"}
    assert (built.root / f"dice/training/{EMBEDDED}").is_dir()


def test_a_setting_that_changes_no_result_makes_nothing_stale(built: Checkout) -> None:
    built.edit("# retries = 4 ", "retries = 7 ")
    assert built.doit().out.startswith("nothing to do")


def test_a_lost_picture_makes_smoke_stale(built: Checkout) -> None:
    (built.root / f"results/{EMBEDDED}/smoke.png").unlink()
    assert "smoke.png is missing" in why(built, f"smoke:{EMBEDDED}")


def test_another_tensorflow_makes_smoke_stale(built: Checkout, tmp_path: Path) -> None:
    metadata = tmp_path / "other/tensorflow-99.0.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: tensorflow\nVersion: 99.0\n")
    other = {"PYTHONPATH": str(tmp_path / "other")}
    assert "99.0" in why(built, f"smoke:{EMBEDDED}", **other)
    status = built.doit("list", "--all", "--status", **other).out
    stale = {line.split()[1] for line in status.splitlines() if line.startswith("R ")}
    fresh = {line.split()[1] for line in status.splitlines() if line.startswith("U ")}
    assert f"smoke:{EMBEDDED}" in stale
    assert {f"extract:{EMBEDDED}", "scaffold:cube_faces"} <= fresh


def test_a_damaged_receipt_is_made_again_without_doing_the_work_again(built: Checkout) -> None:
    receipt = built.root / f".tod/receipts/verify/{EMBEDDED}.json"
    content = receipt.read_bytes()
    receipt.write_bytes(b'{"status": "done"')
    done = built.doit()
    assert did(done) == {f"verify:{EMBEDDED}"}
    assert receipt.read_bytes() == content


@pytest.mark.parametrize(
    "task", [f"extract:{EMBEDDED}", f"smoke:{EMBEDDED}", "scaffold:cube_faces"]
)
def test_info_says_that_a_fresh_task_is_fresh(built: Checkout, task: str) -> None:
    assert "up-to-date" in built.doit("info", task).out


def test_smoke_json_says_what_was_measured(built: Checkout) -> None:
    told = json.loads((built.root / f"results/{EMBEDDED}/smoke.json").read_text())
    assert told["tensorflow"].startswith("2.")
    assert told["peak_memory"] > 10_000_000
    assert told["inputs"]
    assert told["outputs"]
    assert all(check["result"] != "failed" for check in told["checks"])


def why(checkout: Checkout, task: str, **environment: str) -> str:
    return checkout.doit("info", task, **environment).out
