"""The packages that train the networks of the zoo: installed whole or not at all, and tried."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from tasks.config.types import Config
from tasks.core import receipts
from tasks.core.errors import TrainingError, UnreachableError
from tasks.core.paths import Workspace
from tasks.pipeline.job import Outcome, Silent, WorkspaceJob
from tasks.pipeline.receipts import NetworkReceipt
from tasks.trainer import step
from tasks.training import wheels
from tasks.training.packages import folder_of
from tests.support.checkouts import check_out

Answer = Callable[[Sequence[str]], tuple[int, str]]


class Runs:
    """In the place of the processes: pip, and the check."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.pip: tuple[int, str] = (0, "")
        self.check: tuple[int, str] = (0, "")

    def __call__(
        self, job: WorkspaceJob, words: Sequence[str], folder: Path | None = None
    ) -> tuple[int, str]:
        if "pip" not in words:
            self.did.append("check")
            return self.check
        self.did.append("pip")
        target = Path(words[words.index("--target") + 1])
        target.mkdir()
        (target / "module.py").write_text("")
        return self.pip


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    made = Runs()
    monkeypatch.setattr(step, "_run", made)
    monkeypatch.delenv("TOD_OFFLINE", raising=False)
    return made


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkspaceJob:
    monkeypatch.setenv("TOD_CACHE", str(tmp_path / "cache"))
    return WorkspaceJob(Config(networks={}, projects={}), Workspace(tmp_path), may_defer=False)


def run(job: WorkspaceJob) -> Outcome:
    return step.run(job, Silent())


def test_they_are_installed_and_checked_once(job: WorkspaceJob, runs: Runs) -> None:
    assert run(job).kind == "built"
    folder = folder_of(job)
    assert (folder / "module.py").exists()
    assert step.why_stale(job) is None
    assert run(job).kind == "kept"
    assert runs.did == ["pip", "check"]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_another_tensorflow_has_them_checked_again(
    job: WorkspaceJob, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(job)
    monkeypatch.setattr(step, "tensorflow_version", lambda: "2.99.0")
    assert "TensorFlow changed" in (step.why_stale(job) or "")
    assert run(job) == Outcome("built", "checked")
    assert runs.did == ["pip", "check", "check"]


@pytest.mark.parametrize(
    ("said", "kind", "why"),
    [
        ("NewConnectionError: refused", UnreachableError, "registry can't be reached"),
        ("ERROR: No matching distribution found", UnreachableError, "registry can't be reached"),
        ("python: No module named pip", TrainingError, "pip is not installed"),
        ("x\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES\ny", TrainingError, "DO NOT MATCH"),
        ("killed", TrainingError, "pip failed"),
    ],
)
def test_what_can_not_be_installed_is_one_line_and_leaves_nothing(
    job: WorkspaceJob, runs: Runs, said: str, kind: type[Exception], why: str
) -> None:
    runs.pip = (1, said)
    with pytest.raises(kind, match=why) as caught:
        run(job)
    assert "\n" not in str(caught.value)
    assert not any(folder_of(job).parent.iterdir())


def test_offline_nothing_is_tried(
    job: WorkspaceJob, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOD_OFFLINE", "1")
    with pytest.raises(UnreachableError, match="TOD_OFFLINE is set"):
        run(job)
    assert not runs.did


def test_files_in_the_cache_that_are_for_another_system_are_named(
    job: WorkspaceJob, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOD_OFFLINE", "1")
    monkeypatch.setattr(wheels, "at_hand", lambda _: {Path("a.whl"): "a" * 64})
    runs.pip = (1, "ERROR: No matching distribution found for pyyaml==6.0.4")
    with pytest.raises(TrainingError, match="for this system among the files in the cache; remove"):
        run(job)
    assert not any(folder_of(job).parent.iterdir())


def test_packages_that_do_not_work_are_not_used(job: WorkspaceJob, runs: Runs) -> None:
    runs.check = (1, "ImportError")
    with pytest.raises(TrainingError, match="does not work in this environment"):
        run(job)
    assert step.why_stale(job) == "never done"
    runs.check = (0, "")
    assert run(job).kind == "built"
    assert runs.did == ["pip", "check", "check"]


def test_packages_that_are_gone_from_the_cache_are_installed_again(
    job: WorkspaceJob, runs: Runs
) -> None:
    run(job)
    shutil.rmtree(folder_of(job))
    assert step.why_stale(job) == "the packages are gone from the cache"
    run(job)
    assert runs.did == ["pip", "check", "pip", "check"]


def test_where_nobody_is_reached_it_is_deferred_with_its_reason(
    job: WorkspaceJob, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.pip = (1, "NewConnectionError: refused")
    may_wait = replace(job, may_defer=True)
    monkeypatch.setattr(step, "_is_of_use", lambda _: True)
    assert run(may_wait) == Outcome("deferred", "the package registry can't be reached")
    assert step.why_stale(job) == "deferred: the package registry can't be reached"
    receipt = receipts.read(job.workspace.receipt("trainer", "zoo"), NetworkReceipt)
    assert receipt is not None
    assert receipt.status == "deferred"


def test_what_a_process_says_is_in_the_log(job: WorkspaceJob) -> None:
    code, said = step._run(job, ("-c", "import sys; print('a'); sys.exit(3)"))
    assert (code, said) == (3, "a\n")
    assert job.workspace.log("trainer", "zoo").read_text() == "a\n"


def test_a_process_that_does_not_end_is_ended(
    job: WorkspaceJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "LONGEST", 0.5)
    with pytest.raises(TrainingError, match="did not end within"):
        step._run(job, ("-c", "import time; time.sleep(60)"), tmp_path)


def test_nothing_is_installed_as_long_as_no_network_needs_it(job: WorkspaceJob, runs: Runs) -> None:
    done = run(replace(job, may_defer=True))
    assert done == Outcome("deferred", "no network that they train is here yet")
    assert runs.did == []
    assert run(job).kind == "built"  # it was named


@pytest.mark.slow
def test_a_deferred_network_has_nothing_installed_for_its_training(tmp_path: Path) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    checkout.edit('    "ssd_tinynet_320x320_cube_digits",\n', "")
    done = checkout.doit("train")
    assert (done.code, done.err) == (0, "")
    receipt = receipts.read(Workspace(checkout.root).receipt("trainer", "zoo"), NetworkReceipt)
    assert receipt is not None
    assert receipt.reason == "no network that they train is here yet"
