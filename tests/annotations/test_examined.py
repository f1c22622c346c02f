"""A picture is decoded once for a project, whoever reads it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from tasks.annotations import examined
from tasks.annotations.examined import remembering
from tasks.checks.project import check_project
from tasks.core.paths import Workspace
from tasks.pictures.pixels import Picture, examine
from tasks.pipeline.job import ProjectJob, Silent
from tasks.records import step as records
from tests.support.annotated import fill, picture
from tests.support.projects import project_job, scaffold


@pytest.fixture
def job(tmp_path: Path) -> ProjectJob:
    return project_job(Workspace(tmp_path))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was decoded, in order."""
    found: list[bytes] = []

    def counted(content: bytes, sha256: str) -> Picture:
        found.append(content)
        return examine(content, sha256)

    monkeypatch.setattr(examined, "examine", counted)
    return found


def test_a_picture_is_decoded_once_and_again_only_if_its_bytes_change(
    job: ProjectJob, decoded: list[bytes]
) -> None:
    one, other = picture("JPEG"), picture("JPEG", (30, 40))
    for _ in range(2):
        with remembering(job) as picture_of:
            assert picture_of(one) == examine(one)
    with remembering(job) as picture_of:
        assert picture_of(other).raw == (30, 40)
    assert decoded == [one, other]


def test_what_is_no_picture_is_refused_every_time(job: ProjectJob) -> None:
    for _ in range(2):
        with remembering(job) as picture_of, pytest.raises(ValueError, match="damaged"):
            picture_of(b"GIF89a but no more")
    assert not job.workspace.examined(job.name).exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"by": 1}', b'{"by": "", "pictures": {"a": {}}}']
)
def test_what_can_not_be_read_counts_for_nothing(job: ProjectJob, content: bytes) -> None:
    place = job.workspace.examined(job.name)
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    with remembering(job) as picture_of:
        assert picture_of(picture()).raw == (64, 48)


def test_another_decoder_decodes_anew(
    job: ProjectJob, decoded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("12.0.0", "12.0.1"):
        monkeypatch.setattr("PIL.__version__", version)
        with remembering(job) as picture_of:
            picture_of(picture())
    assert len(decoded) == 2


def test_what_was_decoded_before_a_stop_is_remembered(
    job: ProjectJob, decoded: list[bytes]
) -> None:
    with suppress(KeyboardInterrupt), remembering(job) as picture_of:
        picture_of(picture())
        raise KeyboardInterrupt
    with remembering(job) as picture_of:
        picture_of(picture())
    assert len(decoded) == 1


def test_the_doctor_decodes_nothing_that_became_a_record(
    job: ProjectJob, decoded: list[bytes]
) -> None:
    scaffold(job)
    fill(job.workspace.images(job.name, "train"), ["a"])
    records.run(job, Silent())
    check_project(job)
    assert len(decoded) == 1
