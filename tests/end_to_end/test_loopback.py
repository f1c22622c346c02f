"""The whole chain from a real HTTPS server, for networks of every odd shape that the zoo has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import did
from tests.support import savedmodels
from tests.support.archives import zoo_archive, zoo_files
from tests.support.checkouts import ROOT, Checkout, Finished, check_out
from tests.support.servers import file, serving, trusted

ODD_FOLDER = "centernet_mobilenetv2_fpn_od"

WORKSPACE = """
[projects.cube_faces]
labels = ["one", "two"]
networks = ["digits", "odd_signature", "checkpoint_only"]

[networks.digits]
sources = ["{digits}"]
labels = "cube_digits"

[networks.odd_signature]
sources = ["{odd}"]
labels = "coco"

[networks.odd_signature.signature]
input = "input"
boxes = "output_3"
scores = "output_1"
classes = "output_2"
count = "output_0"
first_class = 1

[networks.checkpoint_only]
sources = ["{checkpoint}"]
saved_model = false
pipeline_config = false
"""

Chain = tuple[Checkout, Finished]


def odd_archive(folder: Path) -> bytes:
    """A SavedModel that can't be called, in a folder of another name than the archive."""
    built = folder / "built"
    savedmodels.make(built, ("odd",))
    files = {
        path.relative_to(built / "odd").as_posix(): path.read_bytes()
        for path in sorted((built / "odd").rglob("*"))
        if path.is_file()
    }
    zoo_archive(folder / "odd.tar.gz", files, top=ODD_FOLDER)
    return (folder / "odd.tar.gz").read_bytes()


def checkpoint_archive(folder: Path) -> bytes:
    """As ExtremeNet's: a bare checkpoint in the top folder."""
    files = zoo_files(saved_model=False, pipeline_config=False)
    flat = {
        name.removeprefix("checkpoint/").replace("ckpt-0", "ckpt-1"): content
        for name, content in files.items()
        if name != "checkpoint/checkpoint"
    }
    zoo_archive(folder / "extreme.tar.gz", flat, top="extremenet")
    return (folder / "extreme.tar.gz").read_bytes()


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    folder, tls = tmp_path_factory.mktemp("chain"), trusted()
    [digits] = (ROOT / "embedded").glob("*.tar.gz")
    with (
        serving(file(digits.read_bytes()), tls=tls.context) as one,
        serving(file(odd_archive(folder)), tls=tls.context) as two,
        serving(file(checkpoint_archive(folder)), tls=tls.context) as three,
    ):
        checkout = check_out(folder / "workspace", REQUESTS_CA_BUNDLE=str(tls.bundle))
        checkout.configure(
            WORKSPACE.format(
                digits=one.url("digits.tar.gz"),
                odd=two.url("odd.tar.gz"),
                checkpoint=three.url("extremenet.tar.gz"),
            )
        )
        yield checkout, checkout.doit()


def test_every_step_of_every_network_is_built(chain: Chain) -> None:
    done = chain[1]
    assert done.code == 0, done.said
    names = ("digits", "odd_signature", "checkpoint_only")
    assert did(done) == {
        *(
            f"{step}:{name}"
            for step in ("download", "verify", "extract", "smoke")
            for name in names
        ),
        "scaffold:cube_faces",
    }


def test_the_digits_are_found(chain: Chain) -> None:
    told = json.loads((chain[0].root / "results/digits/smoke.json").read_text())
    assert [found for found in told["detections"] if found["score"] > 0.5]


def test_a_folder_of_another_name_becomes_the_networks_own(chain: Chain) -> None:
    shelf = chain[0].root / "pre-trained"
    assert (shelf / "odd_signature/saved_model/saved_model.pb").is_file()
    assert not (shelf / ODD_FOLDER).exists()


def test_a_signature_of_its_own_is_read_as_the_catalogue_says(chain: Chain) -> None:
    told = json.loads((chain[0].root / "results/odd_signature/smoke.json").read_text())
    best = told["detections"][0]
    assert (best["label"], best["id"]) == ("dog", 18)
    assert best["box"] == pytest.approx([0.1, 0.1, 0.5, 0.4])


def test_a_bare_checkpoint_is_read_and_inference_called_not_applicable(chain: Chain) -> None:
    checkout, done = chain
    assert "no SavedModel: inference not applicable" in done.out
    assert not (checkout.root / "results/checkpoint_only/smoke.png").exists()


def test_the_lock_tells_who_vouched(chain: Chain) -> None:
    lock = json.loads((chain[0].root / "config/zoo.lock").read_text())
    assert [entry["witness"] for entry in lock.values()] == ["tls"] * 3


def test_no_archive_is_left_in_the_workspace(chain: Chain) -> None:
    assert [path.parent.name for path in chain[0].root.rglob("*.tar.gz")] == ["embedded"]


def test_a_second_doit_asks_no_server(chain: Chain) -> None:
    """The servers may be gone by then: nothing that is built needs them."""
    done = chain[0].doit(TOD_OFFLINE="1")
    assert done.out.startswith("nothing to do: everything is up to date"), done.said
