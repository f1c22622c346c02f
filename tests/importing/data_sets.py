"""Data sets in other formats, made at test time, and what an import makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tasks.annotations.voc import Annotation, Box, read_annotation
from tasks.core.paths import Workspace
from tasks.importing import command, guess
from tasks.importing.source import search
from tasks.importing.types import ForeignPicture, Report
from tasks.pipeline.job import Silent
from tests.support.annotated import picture
from tests.support.projects import project_job

SIZE = (64, 48)


def lay(folder: Path, files: Mapping[str, bytes | str | object]) -> Path:
    """Write files: bytes and texts as they are, all else as JSON. A picture is given as its shade,
    so that no two are alike."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, int):
            path.write_bytes(shaded(content))
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_bytes(
                content if isinstance(content, bytes) else msgspec.json.encode(content)
            )
    return folder


def shaded(shade: int, size: tuple[int, int] = SIZE) -> bytes:
    """A picture of this size unlike those of other shades."""
    return picture(size=size) + bytes([shade])


class Read(Struct):
    """What a reader gave and what it told."""

    pictures: list[ForeignPicture]
    report: Report

    @property
    def faults(self) -> list[str]:
        return [*self.report.faults, *(f for one in self.pictures for f in one.faults)]

    def boxes(self) -> dict[str, list[tuple[str, float, float, float, float]]]:
        """The name of a picture → its boxes, to a millionth."""
        return {one.path.name: [_rounded(box) for box in one.boxes] for one in self.pictures}


def _rounded(box: Box) -> tuple[str, float, float, float, float]:
    xmin, ymin, xmax, ymax = (round(edge, 6) for edge in box.edges)
    return box.label, xmin, ymin, xmax, ymax


def read(*paths: Path, format: str | None = None) -> Read:
    source, report = search(map(str, paths)), Report()
    chosen = guess.choose(source, format)
    return Read(list(chosen.format.reader(source, chosen.files, report)), report)


class Imported(Struct):
    """A workspace after an import, and what was told."""

    workspace: Workspace
    result: command.Result

    @property
    def said(self) -> str:
        return "\n".join([*self.result.lines, str(self.result.error or "")])

    @property
    def files(self) -> dict[str, bytes]:
        """All files of the project's images/, by their path there."""
        images = self.workspace.images("cube_faces", "train").parent
        files = (path for path in sorted(images.rglob("*")) if not path.is_dir())
        return {path.relative_to(images).as_posix(): path.read_bytes() for path in files}

    def annotation(self, name: str) -> Annotation:
        """`train/a.xml`, say."""
        return read_annotation(self.files[name])


class Heard(Silent):
    """A progress that keeps what was told before anything was written."""

    def __init__(self) -> None:
        self.notes = list[str]()

    def note(self, line: str) -> None:
        self.notes.append(line)


def imported(
    tmp_path: Path,
    *paths: Path,
    labels: tuple[str, ...] | dict[str, int] = ("one", "two"),
    progress: Silent | None = None,
    options: Mapping[str, str] | None = None,
    into: str | None = "train",
    settings: Mapping[str, object] | None = None,
) -> Imported:
    """Import into the project `cube_faces` of a workspace below this folder; `into` None goes by
    the source."""
    workspace = Workspace(tmp_path / "workspace")
    config = project_job(workspace, labels=labels).config
    config = replace(config, settings=replace(config.settings, **(settings or {})))
    words = [str(path) for path in paths]
    options = ({"into": into} if into else {}) | dict(options or {})
    result = command.run(words, options, config, workspace, progress or Silent())
    return Imported(workspace, result)
