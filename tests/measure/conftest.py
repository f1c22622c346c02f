"""A project with test pictures, installed networks, and a stand-in for TensorFlow's process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tasks.core.errors import NetworkError
from tasks.core.files import sha256_of
from tasks.core.paths import Workspace
from tasks.inference import child
from tasks.inference.channel import Request
from tasks.inference.child import ignore
from tasks.inference.measuring import MeasureReply, MeasureRequest, PictureTimed
from tasks.inference.results import Figures, Latency, PictureResult, Rows
from tasks.pipeline.job import ProjectJob
from tests.support.annotated import fill
from tests.support.compared import MACHINE
from tests.support.projects import install, network, project_job

FOUND: Rows = ((1, 0.9, (1 / 48, 1 / 64, 40 / 48, 30 / 64)), (2, 0.4, (0.0, 0.0, 0.1, 0.1)))
"""What the stand-in finds everywhere: the box of `annotated.fill`, on its first picture exactly."""


@dataclass
class StandIn:
    """Answers requests at once, and keeps them.

    Attributes:
        faults: network → why it can't be run.
        unreadable: names of pictures that it can't read.
        stop_after: raise Ctrl-C after so many pictures.
        error: what a network that can't be run is given with.
    """

    requests: list[tuple[str, MeasureRequest]] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    stop_after: int | None = None
    error: type[NetworkError] = NetworkError

    def run(
        self,
        request: Request,
        kind: type[Any],
        limit: float,
        phase: Callable[[str], None],
        part: Callable[[msgspec.Raw], None] = ignore,
    ) -> MeasureReply:
        asked = msgspec.json.decode(request.body, type=MeasureRequest)
        self.requests.append((request.network, asked))
        if why := self.faults.get(request.network):
            raise self.error(request.network, why, "see its log")
        for name in ("load", "time", "detect"):
            phase(name)
            for number, done in enumerate(self._parts(asked, name)):
                if name == "detect" and number == self.stop_after:
                    raise KeyboardInterrupt
                part(msgspec.Raw(msgspec.json.encode(done)))
        return MeasureReply(figures() if asked.sample else None)

    def _parts(self, asked: MeasureRequest, phase: str) -> list[PictureResult | PictureTimed]:
        if phase == "time":
            return [PictureTimed() for _ in asked.sample]
        if phase == "detect":
            return [self._found(Path(path), digest) for path, digest in asked.pictures]
        return []

    def _found(self, path: Path, digest: str) -> PictureResult:
        assert sha256_of(path) == digest
        if path.name in self.unreadable:
            return PictureResult(digest, fault="it is damaged")
        return PictureResult(digest, FOUND)

    @property
    def pictures(self) -> dict[str, list[str]]:
        """network → the pictures that it was given, over all requests."""
        given: dict[str, list[str]] = {}
        for name, asked in self.requests:
            given.setdefault(name, []).extend(Path(path).name for path, _ in asked.pictures)
        return given

    @property
    def timed(self) -> list[str]:
        """The networks that were timed, each as often as it was."""
        return [name for name, asked in self.requests if asked.sample]


def figures() -> Figures:
    latency = Latency(median=0.02, low=0.01, high=0.03, runs=30, pictures=2)
    return Figures(
        load=1.0,
        first=0.5,
        latency=latency,
        peak_memory=900_000_000,
        grown_memory=40_000_000,
        machine=MACHINE,
        measured="2026-01-02",
    )


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """TensorFlow's process, without TensorFlow."""
    made = StandIn()
    monkeypatch.setattr(child, "shared", lambda: made)
    return made


@pytest.fixture
def job(workspace: Workspace, stand_in: StandIn) -> ProjectJob:
    """A project with two annotated test pictures and one installed network."""
    return project_of(workspace, "net")


def project_of(workspace: Workspace, *names: str, **labels: dict[str, int]) -> ProjectJob:
    """The job of a project with these networks, all of them installed; they know `one` and `two`
    unless `labels` say otherwise."""
    for name in names:
        if not workspace.receipt("extract", name).exists():
            install(workspace, name)
    fill(workspace.images("cube_faces", "test"))
    known = [
        msgspec.structs.replace(network(name), labels=labels.get(name, {"one": 1, "two": 2}))
        for name in names
    ]
    return project_job(workspace, *known)
