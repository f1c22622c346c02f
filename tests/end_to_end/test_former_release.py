"""A workspace that the release before built is taken over as it is.

`tests/data/old-workspace.tar.gz` holds one: its receipts, notes, results and project, but not what
was unpacked below pre-trained/. When the `VERSION` of a step is raised, or the catalogue says
something else of its two networks, what follows from that is to be expected here.
"""

from __future__ import annotations

import json
import os
import tarfile
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.core.receipts import Receipt, read
from tasks.inference.machine import tensorflow_version
from tasks.plot.step import matplotlib_version
from tasks.wiring.tasks import unfinish
from tests.end_to_end.conftest import EMBEDDED, did
from tests.support.archives import unpack
from tests.support.checkouts import ROOT, Checkout, check_out

ARCHIVE = f"embedded/{EMBEDDED}.tar.gz"
STEPS = ("records:cube_faces", "compare:cube_faces", "plot")

pytestmark = pytest.mark.skipif(
    (tensorflow_version(), matplotlib_version()) != ("2.21.0", "3.11.2"),
    reason="it was built by other versions",
)


@pytest.fixture
def old(tmp_path: Path) -> Checkout:
    """The old workspace in a checkout of today, file for file and time for time."""
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    unpack_to_the_nanosecond(ROOT / "tests/data/old-workspace.tar.gz", checkout.root)
    unpack_to_the_nanosecond(ROOT / ARCHIVE, checkout.root / "pre-trained")
    noted = json.loads((checkout.root / f".tod/local/{EMBEDDED}.json").read_text())
    os.utime(checkout.root / ARCHIVE, ns=(noted["mtime_ns"], noted["mtime_ns"]))
    return checkout


def unpack_to_the_nanosecond(archive: Path, folder: Path) -> None:
    """Unpack with all digits of the times of change, which tarfile rounds."""
    unpack(archive, folder)
    with tarfile.open(archive) as file:
        for member in file.getmembers():
            changed = int(Decimal(member.pax_headers.get("mtime", member.mtime)) * 10**9)
            os.utime(folder / member.name, ns=(changed, changed))


def test_nothing_is_built_anew_but_the_page_that_looks_otherwise_now(old: Checkout) -> None:
    before, built = old.files(), set[str]()
    for words in ((), STEPS):
        done = old.doit(*words)
        assert done.code == 0, done.said
        built |= did(done)
    assert built == {"compare:cube_faces"}
    after = old.files()
    assert {name for name in before if after.get(name) != before[name]} == {
        "results/cube_faces/index.html",
        ".tod/receipts/compare/cube_faces.json",
    }


def test_clean_removes_what_was_ours_and_keeps_what_was_edited(old: Checkout) -> None:
    edited = {
        f"results/{EMBEDDED}/smoke.png",
        "results/zoo.svg",
        "results/cube_faces/index.html",
        "results/cube_faces/comparison.json",
        "cube_faces/training/test.record",
        "cube_faces/training/label_map.pbtxt",
    }
    for name in edited:
        (old.root / name).write_bytes(b"mine")
    done = old.doit("clean")
    assert done.code == 0, done.said
    left = old.files()
    assert {name for name in left if left[name] == b"mine"} == edited
    assert f"kept results/{EMBEDDED}: smoke.png is not known to be made by the build" in done.out
    told = {name for name in edited if f"kept {name}: it was changed" in done.out}
    assert told == edited - {f"results/{EMBEDDED}/smoke.png"}
    made = {name for name in left if name.startswith(("results/", ".tod/receipts/"))}
    assert made | {"cube_faces/training/test.record"} <= edited
    assert "cube_faces/training/train.record" not in left
    assert f"pre-trained/{EMBEDDED}/pipeline.config" not in left


def test_a_receipt_that_is_made_stale_still_tells_whose_the_files_are(old: Checkout) -> None:
    place = old.root / f".tod/receipts/smoke/{EMBEDDED}.json"
    (old.root / f"results/{EMBEDDED}/smoke.png").write_bytes(b"mine")
    unfinish(place)
    receipt = read(place, Receipt)
    assert receipt is not None
    assert receipt.outputs.keys() == {f"results/{EMBEDDED}/smoke.json"}


def test_what_was_edited_is_backed_up_before_it_is_made_anew(old: Checkout) -> None:
    (old.root / "results/zoo.png").write_bytes(b"mine")
    assert (
        "zoo.png was not as the build made it: yours is now zoo.yours.png" in old.doit("plot").out
    )
    assert (old.root / "results/zoo.yours.png").read_bytes() == b"mine"
    assert not (old.root / "results/zoo.yours.svg").exists()
