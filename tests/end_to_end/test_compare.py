"""From a built workspace to the page that compares its networks, with the real network."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import EMBEDDED, TUTORIAL, First, copied, did
from tests.support.checkouts import Checkout, Finished
from tests.support.html import parse
from tests.support.once import once

PAGE = "results/cube_faces/index.html"
OTHER = "two_stages"
ENTRY = """
[networks.two_stages]
title = "Two stages <script>"
family = "Faster R-CNN"
sources = ["other.tar.gz"]
labels = { one = 18, two = 1, three = 90, four = 2, five = 3, six = 4 }
"""


@pytest.fixture(scope="module")
def compared(first: First, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    """A copy of the built workspace in which the networks were compared, and how that ended."""

    def made(folder: Path) -> tuple[Path, Finished]:
        checkout = copied(first.checkout.root, folder)
        return checkout.root, checkout.doit("compare:cube_faces")

    return once(tmp_path_factory, "compared", made)


def test_a_page_comes_of_it_and_a_second_run_does_nothing(
    compared: tuple[Path, Finished], tmp_path: Path
) -> None:
    built, done = copied(compared[0], tmp_path), compared[1]
    assert done.code == 0, done.said
    assert {"measure:cube_faces", "compare:cube_faces"} <= did(done)
    assert f"drawn scenes, all annotated: {PAGE}" in done.out
    html = (built.root / PAGE).read_text(encoding="utf-8")
    root = parse(html)
    assert "drawn scenes stand in for them" in root.one("main").text
    assert "deferred" in root.one("table", class_="figures").text
    assert len(root.all("article", class_="picture")) == 24
    assert sum(len(one.all("text")) for one in root.all("g", class_="plates")) > 24
    assert (built.root / "results" / EMBEDDED / "smoke.json").exists()
    assert "passed" in root.one("section", id="build").text

    again = built.doit("compare:cube_faces")
    assert again.code == 0
    assert "nothing to do" in again.out
    (built.root / PAGE).unlink()
    mended = built.doit("compare:cube_faces")
    assert did(mended) == {"compare:cube_faces"}
    assert (built.root / PAGE).read_text(encoding="utf-8") == html

    assert built.doit("clean", "compare:cube_faces").code == 0
    assert not (built.root / PAGE).exists()


def results(checkout: Checkout) -> dict[str, Any]:
    """network → what comparison.json says of it."""
    told = json.loads((checkout.root / "results/cube_faces/comparison.json").read_text())
    return {one["network"]: one for one in told["results"]}


def test_networks_of_two_families_are_compared_and_each_is_measured_once(
    compared: tuple[Path, Finished], tmp_path: Path, saved_models: Path
) -> None:
    built = copied(compared[0], tmp_path)
    before = results(built)[EMBEDDED]
    with tarfile.open(built.root / "other.tar.gz", "w:gz") as archive:
        archive.add(saved_models / "zoo", OTHER)
    built.edit(f'    "{TUTORIAL}",\n', "")
    built.edit(f'    "{EMBEDDED}",\n', f'    "{EMBEDDED}",\n    "{OTHER}",\n')
    built.edit("[settings]", f"{ENTRY}\n[settings]")
    done = built.doit("compare:cube_faces")
    assert done.code == 0, done.said
    assert "2 of 2 networks, 24 drawn scenes" in done.out
    found = results(built)
    assert found[EMBEDDED] == before  # to the last digit: it was not measured again
    assert found[OTHER]["accuracy"]["unknown"] == []
    assert found[EMBEDDED]["accuracy"]["map_50"] > found[OTHER]["accuracy"]["map_50"]

    root = parse((built.root / PAGE).read_text(encoding="utf-8"))
    figures = root.one("table", class_="figures").text
    assert "Two stages <script>" in figures
    assert "Faster R-CNN" in figures
    shown = root.all("article", class_="picture")
    assert [len(one.all("figure")) for one in shown] == [2] * 24
    assert "nothing to do" in built.doit("compare:cube_faces").out


def test_asking_whether_a_page_is_stale_imports_nothing_heavy(built: Checkout) -> None:
    ask = """
import sys
import dodo
for task in dodo.task_steps_on_request():
    if task.name.startswith("compare"):
        for call, args, options in task.uptodate:
            call is True or call(task, {}, *args, **options)
print(sorted({"PIL", "numpy", "rich", "tensorflow", "jinja2", "markupsafe"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=built.root, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
