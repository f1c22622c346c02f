"""What a run was asked for, however it was asked: doit's own options, and doit from Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tasks.wiring import doit_hooks
from tasks.wiring.tasks import unfinish
from tests.support.checkouts import Checkout, check_out

EMBEDDED = "ssd_tinynet_320x320_cube_digits"


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = check_out(tmp_path_factory.mktemp("asked") / "workspace", TOD_OFFLINE="1")
    assert checkout.doit(f"verify:{EMBEDDED}").code == 0
    return checkout


@pytest.mark.parametrize(
    "options", [["-a", "-v2"], ["-av2"], ["-v2", "--always-execute"], ["-a", "-n", "2"]], ids=str
)
def test_doit_a_verifies_anew_however_it_is_spelled(verified: Checkout, options: list[str]) -> None:
    done = verified.doit(*options, f"verify:{EMBEDDED}")
    assert done.code == 0
    assert f"built      verify:{EMBEDDED}: 7 files" in done.out


def test_doit_a_forgets_what_was_done_and_not_whose_the_files_are(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    receipt.write_text('{"definition": "abc", "outputs": {"a": {"sha256": "12"}}}')
    unfinish(receipt)
    assert json.loads(receipt.read_text()) == {"definition": "", "outputs": {"a": {"sha256": "12"}}}
    receipt.write_text("damaged")
    unfinish(receipt)
    unfinish(tmp_path / "missing.json")
    assert [path.name for path in tmp_path.iterdir()] == ["receipt.json"]


def test_a_lost_database_is_no_reason_to_verify_anew(verified: Checkout) -> None:
    (verified.root / ".tod/doit.sqlite").unlink()
    done = verified.doit(f"verify:{EMBEDDED}")
    assert done.out == "nothing to do: everything is up to date\n"


def test_doit_can_be_run_from_python(tmp_path: Path) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    run = "from doit.doit_cmd import DoitMain; raise SystemExit(DoitMain().run(%r))"
    for words, said in (
        (["records:cube_faces"], "built      scaffold:cube_faces"),
        (["-a", f"verify:{EMBEDDED}"], f"built      verify:{EMBEDDED}"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", run % words],
            cwd=checkout.root,
            env=checkout.environment | {"PATH": "", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


def test_a_network_is_found_by_its_title_whoever_starts_doit(verified: Checkout) -> None:
    """The words are those that doit was given, not those of the process."""
    run = "from doit.doit_cmd import DoitMain; raise SystemExit(DoitMain().run(%r))"
    words = ["info", "verify:SSD TinyNet 320x320 (digits on cube faces)"]
    done = subprocess.run(
        [sys.executable, "-c", run % words, "verify:nothing_of_that_name"],
        cwd=verified.root,
        env=verified.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"\nverify:{EMBEDDED}\n")


def test_a_task_never_follows_one_that_waits_for_it() -> None:
    """A project may train its own export further: then the export waits for the project, and that
    for the network's download."""

    def task(name: str, *before: str, follows: tuple[str, ...] = ()) -> SimpleNamespace:
        meta = {doit_hooks.FOLLOWS: follows, doit_hooks.SURVIVES: []}
        return SimpleNamespace(name=name, task_dep=list(before), meta=meta)

    export = task("export:p:net", "train:p:net")
    train, scaffold = task("train:p:net", "scaffold:p"), task("scaffold:p", "download:p-net")
    download = task("download:p-net", follows=("export:p:net",))
    doit_hooks._follow([export, train, scaffold, download], ["export"])
    assert download.task_dep == []
    scaffold.task_dep.clear()
    doit_hooks._follow([export, train, scaffold, download], ["export"])
    assert download.task_dep == ["export:p:net"]
    assert download.meta[doit_hooks.SURVIVES] == ["export:p:net"]


def test_a_network_by_itself_is_what_a_bare_doit_does_for_it(verified: Checkout) -> None:
    """As `doit plan` has it; it was named, so what can't be reached is an error."""
    word = "EfficientDet D0 512x512"
    done = verified.doit(word)
    planned = verified.doit("plan", "--json", word)
    assert done.code == 1
    assert "efficientdet_d0_coco17_tpu-32: " in done.err
    steps = [(item["step"], item["name"]) for item in json.loads(planned.out)["steps"]]
    name = "efficientdet_d0_coco17_tpu-32"
    assert steps == [(step, name) for step in ("download", "verify", "extract", "smoke")]
    assert verified.doit("list", word).code == 3  # only what is run is called so


def test_a_project_by_itself_is_what_a_bare_doit_does_for_it(tmp_path: Path) -> None:
    """It names none of its networks: what can't be reached is deferred."""
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    checkout.configure(
        '[projects.one]\nlabels = ["one"]\n'
        '[projects.two]\nlabels = ["one"]\nnetworks = ["efficientdet_d0_coco17_tpu-32"]\n'
    )
    done = checkout.doit("two")
    assert done.code == 0
    assert "efficientdet_d0_coco17_tpu-32" in done.out
    assert (checkout.root / "two/training").is_dir()
    assert not (checkout.root / "one").exists()


def test_a_word_that_may_be_two_networks_is_one_line(verified: Checkout) -> None:
    done = verified.doit("extremenet.tar.gz")
    assert done.code == 3
    assert done.err.startswith("ERROR: extremenet.tar.gz: this may be ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("words", [[""], ["plan", ""], ["gc", "--remove", ""]], ids=str)
def test_an_empty_word_does_nothing(verified: Checkout, words: list[str]) -> None:
    """doit ends before it reads dodo.py: there is nothing of ours that could tell it in a line."""
    before = verified.files()
    assert verified.doit(*words).code != 0
    assert verified.files() == before
