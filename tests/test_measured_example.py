"""The measured example of docs/choosing.md, and the command that writes it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.support.compared import comparison

ROOT = Path(__file__).parents[1]


def refused(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs/make_measured.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    return line


def test_without_a_file_it_tells_how_it_is_called() -> None:
    assert refused() == "usage: python docs/make_measured.py results/PROJECT/comparison.json"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no such file or directory; `doit compare` makes it"),
        (b"{", "it is no comparison that `doit compare` made"),
        (
            msgspec.json.encode(msgspec.structs.replace(comparison(), results=())),
            "no network was measured",
        ),
    ],
)
def test_a_file_that_tells_nothing_is_one_line(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "comparison.json"
    if content is not None:
        path.write_bytes(content)
    assert refused(str(path)) == f"{path}: {why}"


def test_the_page_on_choosing_holds_what_was_measured_and_on_what() -> None:
    page = (ROOT / "docs/choosing.md").read_text(encoding="utf-8")
    marked = page.partition("<!-- measured: begin -->\n")[2].partition("<!-- measured: end -->")[0]
    rows = [line for line in marked.splitlines() if line.startswith("| `")]
    assert rows, "python docs/make_measured.py results/PROJECT/comparison.json writes it"
    assert re.search(r"^\d[^|]*, measured on \d{4}-\d{2}-\d{2}.*: .+\.$", marked, re.MULTILINE)
