"""Networks that attack are run by the real TensorFlow: the user's files stay unread and unchanged,
and the machine goes on.

What their operations can't be made to do here, native code in them could: see
inference/test_isolation.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core.errors import NetworkError
from tasks.core.paths import Workspace
from tasks.inference import child, landlock
from tasks.inference.child import Child
from tasks.inference.output_log import HEAD, TAIL
from tasks.pipeline.job import Silent
from tasks.smoke import step
from tests.smoke.conftest import ODD, MakeJob
from tests.support.savedmodels import FLOOD, PASSWORD, SETTINGS, victim

pytestmark = pytest.mark.slow
isolated = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


@pytest.fixture(autouse=True, scope="module")
def small_process() -> Iterator[Child]:
    """TensorFlow's process, with less memory than one of the networks wants."""
    process = Child(memory=4_000_000_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child, "shared", lambda: process)
        yield process
    process.close()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One for all of these tests, so that one process serves them."""
    return Workspace(tmp_path_factory.mktemp("workspace"))


def untouched(home: Path) -> bool:
    contents = {path.name: path.read_text() for path in home.iterdir()}
    return contents == {".netrc": PASSWORD, ".bashrc": SETTINGS}


@isolated
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("reads", r"victim/\.netrc; Permission denied"),
        ("writes", r"victim/\.bashrc; Permission denied"),
        ("prints", r"victim/\.bashrc; Permission denied"),
        ("saves", "victim.*Permission denied"),
        ("forges", r"/proc/self/fd/\d; (No such device or address|Permission denied)"),
    ],
)
def test_a_network_neither_reads_nor_writes_the_users_files(
    make_job: MakeJob, saved_models: Path, name: str, message: str
) -> None:
    with pytest.raises(NetworkError, match=message):
        step.run(make_job(name), Silent())
    assert untouched(victim(saved_models))


@isolated
def test_the_report_says_what_held_the_network(make_job: MakeJob, workspace: Workspace) -> None:
    step.run(make_job("zoo"), Silent())
    content = workspace.smoke_json("zoo").read_text()
    assert '"isolation": "files (Landlock ' in content


def test_a_network_that_prints_without_end_makes_no_large_log(
    make_job: MakeJob, workspace: Workspace
) -> None:
    step.run(make_job("floods"), Silent())
    size = workspace.log("smoke", "floods").stat().st_size
    assert HEAD + TAIL <= size < HEAD + TAIL + 1000 < FLOOD


@pytest.mark.skipif(not landlock.version(), reason="memory is limited on Linux only")
def test_a_network_that_wants_all_memory_is_told_and_the_next_one_runs(make_job: MakeJob) -> None:
    with pytest.raises(NetworkError, match=r"hoards: it fails on a picture .* OOM"):
        step.run(make_job("hoards"), Silent())
    assert step.run(make_job("odd", signature=ODD), Silent()).kind == "built"
