"""The packages of a training: installed whole or not at all, checked, and used only then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tasks.config.types import Config
from tasks.core.errors import TrainingError, UnreachableError
from tasks.core.paths import Workspace
from tasks.pipeline.job import Job, Silent, WorkspaceJob
from tasks.training import packages

Answer = Callable[[Sequence[str]], tuple[int, str]]


class Runs:
    """In the place of the processes: pip, and the check."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.pip: tuple[int, str] = (0, "")
        self.check: tuple[int, str] = (0, "")

    def __call__(
        self, job: Job, words: Sequence[str], log: Path, folder: Path | None = None
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
    monkeypatch.setattr(packages, "_run", made)
    monkeypatch.delenv("TOD_OFFLINE", raising=False)
    return made


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("TOD_CACHE", str(tmp_path / "cache"))
    return WorkspaceJob(Config(networks={}, projects={}), Workspace(tmp_path))


def ready(job: Job) -> Path:
    return packages.have_ready(job, job.workspace.log("trainer", "zoo"), Silent())


def test_they_are_installed_and_checked_once(job: Job, runs: Runs) -> None:
    folder = ready(job)
    assert (folder / "module.py").exists()
    assert packages.is_ready(folder)
    assert ready(job) == folder
    assert runs.did == ["pip", "check"]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_another_tensorflow_has_them_checked_again(
    job: Job, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(job)
    monkeypatch.setattr(packages, "tensorflow_version", lambda: "2.99.0")
    ready(job)
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
    job: Job, runs: Runs, said: str, kind: type[Exception], why: str
) -> None:
    runs.pip = (1, said)
    with pytest.raises(kind, match=why) as caught:
        ready(job)
    assert "\n" not in str(caught.value)
    assert not any(packages.folder_of(job).parent.iterdir())


def test_offline_nothing_is_tried(job: Job, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_OFFLINE", "1")
    with pytest.raises(UnreachableError, match="TOD_OFFLINE is set"):
        ready(job)
    assert not runs.did


def test_packages_that_do_not_work_are_not_used(job: Job, runs: Runs) -> None:
    runs.check = (1, "ImportError")
    with pytest.raises(TrainingError, match="does not work in this environment"):
        ready(job)
    assert not packages.is_ready(packages.folder_of(job))
    runs.check = (0, "")
    assert packages.is_ready(ready(job))
    assert runs.did == ["pip", "check", "check"]


def test_what_a_process_says_is_in_the_log(job: Job, tmp_path: Path) -> None:
    log = tmp_path / "log"
    code, said = packages._run(job, ("-c", "import sys; print('a'); sys.exit(3)"), log)
    assert (code, said) == (3, "a\n")
    assert log.read_text() == "a\n"


def test_a_process_that_does_not_end_is_ended(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "LONGEST", 0.5)
    with pytest.raises(TrainingError, match="did not end within"):
        packages._run(job, ("-c", "import time; time.sleep(60)"), tmp_path / "log", tmp_path)
