"""All five steps of one network and one project, from a real server, without doit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tasks.config.types import Config, Network, Project, Settings
from tasks.core.paths import Cache, Workspace
from tasks.inference import child
from tasks.pipeline.job import NetworkJob, Outcome, ProjectJob, Silent
from tests.support.archives import zoo_archive, zoo_files
from tests.support.checkouts import ROOT
from tests.support.servers import ScriptedServer, file, serving, trusted
from tests.support.soak import STAND_IN, STEPS

NET, PROJECT = "net", "cubes"


@dataclass(frozen=True)
class Chain:
    """The jobs, and the server that the archive comes from."""

    network: NetworkJob
    project: ProjectJob
    server: ScriptedServer

    @property
    def workspace(self) -> Workspace:
        return self.network.workspace

    @property
    def cache(self) -> Cache:
        return self.network.cache

    def job(self, step: str) -> NetworkJob | ProjectJob:
        return self.project if step == "scaffold" else self.network

    def run(self, step: str) -> Outcome:
        """Run one step."""
        outcome: Outcome = _module(step).run(self.job(step), Silent())
        return outcome

    def stale(self, step: str) -> str | None:
        """Why a step is stale."""
        why: str | None = _module(step).why_stale(self.job(step))
        return why

    def run_all(self, *, upto: str | None = None) -> None:
        """Run the steps, all of them or those before `upto`."""
        for step in STEPS[: STEPS.index(upto)] if upto else STEPS:
            if self.stale(step) is not None:
                self.run(step)

    def receipt(self, step: str) -> Path:
        return self.workspace.receipt(step, self.job(step).name)

    def all_done(self) -> bool:
        return [self.stale(step) for step in STEPS] == [None] * len(STEPS)

    def files(self) -> dict[str, bytes]:
        """path → content of the whole workspace, but for logs and guards."""
        root = self.workspace.root
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and "logs" not in path.parts and path.suffix != ".guard"
        }


def _module(step: str) -> ModuleType:
    return import_module(f"tasks.{step}.step")


@contextmanager
def chain(workspace: Workspace, folder: Path, **settings: object) -> Iterator[Chain]:
    """The steps of a new network; in place of TensorFlow a stand-in answers."""
    archive, worker = folder / "made" / "net.tar.gz", folder / "made" / "worker.py"
    zoo_archive(archive, zoo_files(size=200_000))
    worker.write_text(f"import sys; sys.path.append({str(ROOT)!r})\n{STAND_IN}")
    stand_in = child.Child((sys.executable, "-P", str(worker)))
    tls = trusted()
    with (
        serving(file(archive.read_bytes()), tls=tls.context) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("REQUESTS_CA_BUNDLE", str(tls.bundle))
        patch.setattr(child, "shared", lambda: stand_in)
        network = Network(name=NET, sources=(server.url(),))
        project = Project(name=PROJECT, labels=("one", "two"), networks=(NET,))
        config = Config(
            networks={NET: network},
            projects={PROJECT: project},
            settings=Settings(retries=0, probe_timeout=1.0, **settings),  # type: ignore[arg-type]
        )
        yield Chain(
            NetworkJob(config, workspace, network=network),
            ProjectJob(config, workspace, project=project),
            server,
        )
    stand_in.close()
