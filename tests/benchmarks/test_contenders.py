"""The contenders do the same work, and every section of the table is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from importlib import import_module
from pathlib import Path

import pytest

import benchmarks
from benchmarks import noop, pipelines, server
from benchmarks.pipelines import Pipeline
from tests.support.checkouts import ROOT

PAIR = Pipeline.of_chains(networks=2, projects=1)


def test_every_section_can_be_measured() -> None:
    for name in benchmarks.SECTIONS:
        assert callable(import_module(f"benchmarks.{name}").section)


def test_goals_are_set_for_sizes_that_are_measured() -> None:
    assert {(size.networks, size.projects) for size in noop.LIMITS} <= set(noop.SIZES)


def test_a_pipeline_has_four_steps_a_network_and_one_a_project() -> None:
    assert [step.name for step in PAIR.steps][-2:] == ["smoke-1", "scaffold-0"]
    assert len(PAIR.steps) == 2 * 4 + 1
    assert PAIR.steps[-1].reads == ("extract-0", "extract-1")


@pytest.mark.parametrize("tool", pipelines.WRITERS)
def test_every_tool_builds_the_same_files_and_then_has_nothing_to_do(
    tool: str, tmp_path: Path
) -> None:
    program = sys.executable if tool == "doit" else shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed")
    command = pipelines.WRITERS[tool](PAIR, tmp_path / tool, program)
    built: dict[str, int] = {}
    for _ in range(2):
        subprocess.run(command, cwd=tmp_path / tool, check=True, stdout=subprocess.DEVNULL)
        files = [tmp_path / tool / step.name for step in PAIR.steps]
        stamps = {file.name: file.stat().st_mtime_ns for file in files}
        assert not built or built == stamps
        built = stamps
    assert {file.read_text() for file in files[:-1]} == {"begin\n"}
    assert files[-1].read_text() == "begin\nbegin\n"


def test_the_server_gives_whole_files_and_nothing_else(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "a.tar.gz").write_bytes(content)
    with server.serving(tmp_path) as address:
        with urllib.request.urlopen(f"{address}/a.tar.gz") as answer:
            assert answer.read() == content
            assert answer.headers["ETag"]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/../b.tar.gz")


def test_the_command_of_the_readme_is_there() -> None:
    command = [sys.executable, "-m", "benchmarks", "--help"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert "--publish" in told
