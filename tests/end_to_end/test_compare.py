"""From a built workspace to the page that compares its networks, with the real network."""

from __future__ import annotations

import subprocess
import sys

from tests.end_to_end.conftest import EMBEDDED, did
from tests.support.checkouts import Checkout
from tests.support.html import parse

PAGE = "results/cube_faces/index.html"


def test_a_page_comes_of_it_and_a_second_run_does_nothing(built: Checkout) -> None:
    done = built.doit("compare:cube_faces")
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


def test_asking_whether_a_page_is_stale_imports_nothing_heavy(built: Checkout) -> None:
    ask = """
import sys
sys.argv = ["doit", "compare"]
import dodo
for task in dodo.task_compare():
    for call, args, options in task.uptodate:
        call is True or call(task, {}, *args, **options)
print(sorted({"PIL", "numpy", "rich", "tensorflow", "jinja2", "markupsafe"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=built.root, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
