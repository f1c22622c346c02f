"""Asking for a step brings up to date what it stands on, and one network that fails keeps nothing
from the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.conftest import did
from tests.support.annotated import fill
from tests.support.archives import NETWORK, file_member, folder_member, tar_gz, zoo_archive
from tests.support.checkouts import Checkout, check_out

WORKSPACE = """
[projects.cubes]
labels = ["one"]
networks = ["good", "linked"]

[networks.good]
sources = ["good.tar.gz"]

[networks.linked]
sources = ["linked.tar.gz"]
"""
BOX = ("two", 8, 8, 30, 30)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A project of two networks, one of which is refused; built, and with pictures of a label that
    it does not have yet."""
    checkout = check_out(tmp_path_factory.mktemp("stands") / "workspace")
    checkout.configure(WORKSPACE)
    zoo_archive(checkout.root / "good.tar.gz")
    link = file_member(f"{NETWORK}/pipeline.config", type=b"2", linkname="/etc/passwd")
    (checkout.root / "linked.tar.gz").write_bytes(tar_gz([folder_member(NETWORK), link]))
    done = checkout.doit("scaffold")
    assert done.code == 1
    assert did(done) == {*(f"{step}:good" for step in ("download", "verify", "extract")),
                         "download:linked", "scaffold:cubes"}  # fmt: skip
    assert [line for line in done.err.splitlines() if "linked" in line and "failed" in line] == (
        done.err.splitlines()
    ), "it is told once"
    assert done.out.splitlines()[-1] == "not all is done: 5 built, 1 failed, 1 not run"
    for split in ("train", "test"):
        fill(checkout.root / f"cubes/images/{split}", (split,), BOX)
    return checkout


def label_map(checkout: Checkout) -> Path:
    return checkout.root / "cubes/training/label_map.pbtxt"


def with_labels(checkout: Checkout, *labels: str) -> None:
    checkout.configure(WORKSPACE.replace('["one"]', json.dumps(labels)))


def test_a_network_that_is_refused_keeps_no_folders_and_no_other_network_away(
    built: Checkout,
) -> None:
    assert "one" in label_map(built).read_text()
    assert (built.root / "cubes/training/good/pipeline.config").is_file()
    assert not (built.root / "cubes/training/linked/pipeline.config").exists()
    again = built.doit("scaffold")
    assert (again.code, did(again)) == (1, set())


def test_the_label_map_is_brought_up_to_date_before_records_are_made(built: Checkout) -> None:
    with_labels(built, "one", "two")
    done = built.doit("records:cubes")
    assert done.code == 0, done.said
    assert did(done) == {"scaffold:cubes", "records:cubes"}
    assert "two" in label_map(built).read_text()


def test_the_doctor_looks_at_what_is_up_to_date_and_after_the_records(built: Checkout) -> None:
    with_labels(built, "one", "two", "three")
    done = built.doit("doctor:cubes", "records:cubes")
    assert "label map: one 1, two 2, three 3" in done.out
    assert done.out.index("scaffold:cubes") < done.out.index("records:cubes")
    assert done.out.index("records:cubes") < done.out.index("label map:")


def test_networks_are_measured_with_the_labels_of_now_though_one_is_refused(
    built: Checkout,
) -> None:
    without = WORKSPACE.replace('["good", "linked"]', '["linked"]')  # TensorFlow is not needed
    built.configure(without.replace('["one"]', '["two"]'))
    done = built.doit("measure:cubes")
    assert done.code == 1
    assert did(done) == {"scaffold:cubes", "measure:cubes"}, done.said
    assert "one" not in label_map(built).read_text()


def test_changes_says_when_what_it_tells_is_not_up_to_date(built: Checkout) -> None:
    with_labels(built, "two", "one")
    told = built.doit("changes").out
    assert "cubes is not up to date (its configuration changed): run `doit scaffold:cubes`" in told


def test_a_label_map_that_the_user_edited_stays(built: Checkout) -> None:
    label_map(built).write_text("item { id: 1 name: 'two' }  # mine\n")
    with_labels(built, "one", "two", "four")
    done = built.doit("records:cubes")
    assert done.code == 0, done.said
    assert label_map(built).read_text().endswith("# mine\n")
    assert "label_map.pbtxt is yours and stays as it is" in done.out
