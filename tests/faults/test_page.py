"""docs/faults.md: each row names a test, and each test that it names is there."""

from __future__ import annotations

import ast
import re

from tests.download.test_servers_that_misbehave import ARRIVES, FAILS
from tests.support.checkouts import ROOT
from tests.support.hostile import all_hostile

PAGE = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
TEST = re.compile(r"`([a-z_/]+\.py)::([^`]+)`")
SECTIONS = (
    "Server",
    "Addresses and passwords",
    "Archive",
    "Machine",
    "Annotations",
    "Mending",
    "Death",
    "Company",
    "Strangers in the cache",
    "Output and endings",
    "Networks that attack",
    "Comparing",
    "Training",
    "Pictures",
    "The user's files",
    "Training, exporting, detecting",
    "Importing",
    "Serving and sharing",
    "Cluster",
)
# The tests of which the page names cases, and the cases that they have.
CASES = {
    "test_the_archive_arrives_whole_in_spite_of": set(ARRIVES),
    "test_a_server_is_given_up_after": set(FAILS),
    "test_a_hostile_archive_leaves_nothing_in_the_workspace": {h.name for h in all_hostile()},
}


def rows() -> list[list[str]]:
    """The cells of each row of each table, without the heads."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] not in ("fault", "---")]


def functions(file: str) -> set[str]:
    """The tests of a file, without their cases."""
    module = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_every_section_has_rows_and_every_row_a_fault_an_outcome_and_a_test() -> None:
    assert tuple(re.findall(r"^## (.+)$", PAGE, flags=re.MULTILINE)) == SECTIONS
    for section in PAGE.split("\n## ")[1:]:
        assert "\n| fault | what happens | test |\n" in section
    for row in rows():
        assert len(row) == 3, row
        assert all(row), row
        assert TEST.search(row[2]), row


def exists(file: str, test: str) -> bool:
    """Whether this test is there; and its case, if one is named in brackets."""
    name, _, case = test.removesuffix("]").partition("[")
    return name in functions(file) and (not case or case in CASES.get(name, ()))


def test_every_test_on_the_page_exists() -> None:
    missing = [(file, test) for file, test in TEST.findall(PAGE) if not exists(file, test)]
    assert not missing, missing


def test_no_fault_stands_twice() -> None:
    faults = [row[0] for row in rows()]
    assert len(faults) == len(set(faults))
    assert len(faults) > 80
