"""The page that tells how to add a step is right: its code is built in a checkout, and run."""

from __future__ import annotations

import re

import pytest

from tasks.wiring.registry import STEPS
from tests.support.checkouts import ROOT, Checkout, check_out

PAGE = (ROOT / "docs/adding-a-step.md").read_text(encoding="utf-8")
FILE = re.compile(r"<!-- file: (\S+) -->\n```python\n(.*?)```", re.DOTALL)
LINE = re.compile(r"^ (.+\n)\+(.+\n)", re.MULTILINE)
COMMAND = re.compile(r"^doit (.*)$", re.MULTILINE)
WRITTEN = "results/ssd_tinynet_320x320_cube_digits/sizes.txt"


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with the step of the page: its folder, and its one line."""
    checkout = check_out(tmp_path_factory.mktemp("step") / "workspace", TOD_OFFLINE="1")
    for path, code in FILE.findall(PAGE):
        (checkout.root / path).parent.mkdir(exist_ok=True)
        (checkout.root / path).write_text(code)
    [(before, line)] = LINE.findall(PAGE)
    registry = checkout.root / "tasks/wiring/registry.py"
    registry.write_text(registry.read_text().replace(before, before + line))
    return checkout


def test_a_step_of_one_folder_and_one_line_is_listed_run_and_undone(extended: Checkout) -> None:
    run, clean = COMMAND.findall(PAGE)
    assert "sizes:ssd_tinynet_320x320_cube_digits" in extended.doit("list", "-q").out.split()

    done = extended.doit(*run.split())
    assert (done.code, done.err) == (0, "")
    assert f"look at:   {WRITTEN}" in done.out
    assert (extended.root / WRITTEN).read_text().startswith("7 files, ")
    assert extended.doit(*run.split()).out == "nothing to do: everything is up to date\n"

    (extended.root / WRITTEN).write_text("edited")
    assert "is now sizes.yours.txt" in extended.doit("-n", "2", *run.split()).out
    undone = extended.doit(*clean.split())
    assert undone.code == 0
    assert not (extended.root / WRITTEN).exists()
    assert (extended.root / WRITTEN).with_name("sizes.yours.txt").read_text() == "edited"


def test_the_readme_names_every_step_in_its_tables() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)", readme, re.MULTILINE)
    assert [step.name for step in STEPS if step.name == step.title] == named[: len(STEPS) - 1]
