"""docs/faults.md: each row names a test, and each test that it names is there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

from tests.support.checkouts import ROOT

PAGE = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
TEST = re.compile(r"`([a-z_/]+\.py)::([^`]+)`")
SECTIONS = ("Server", "Archive", "Machine", "Death", "Company", "The user's files")


def rows() -> list[list[str]]:
    """The cells of each row of each table, without the heads."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] not in ("fault", "---")]


def named() -> set[str]:
    return {f"{file}::{test}" for file, test in TEST.findall(PAGE)}


def functions(file: str) -> set[str]:
    """The tests of a file, without their cases."""
    module = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def cases(files: set[str]) -> set[str]:
    """The tests of these files with their cases, as pytest finds them."""
    paths = sorted(f"tests/{file}" for file in files)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {line.removeprefix("tests/") for line in done.stdout.splitlines() if "::" in line}


def test_every_section_has_rows_and_every_row_a_fault_an_outcome_and_a_test() -> None:
    assert tuple(re.findall(r"^## (.+)$", PAGE, flags=re.MULTILINE)) == SECTIONS
    for section in PAGE.split("\n## ")[1:]:
        assert "\n| fault | what happens | test |\n" in section
    for row in rows():
        assert len(row) == 3, row
        assert all(row), row
        assert TEST.search(row[2]), row


def test_every_test_on_the_page_exists() -> None:
    with_case = {name for name in named() if name.endswith("]")}
    missing = with_case - cases({name.partition("::")[0] for name in with_case})
    for name in named() - with_case:
        file, _, test = name.partition("::")
        missing |= set() if test in functions(file) else {name}
    assert not missing, missing


def test_no_fault_stands_twice() -> None:
    faults = [row[0] for row in rows()]
    assert len(faults) == len(set(faults))
    assert len(faults) > 80
