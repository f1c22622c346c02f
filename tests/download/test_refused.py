"""An archive that was refused: not fetched again while it is offered, and in nobody's way."""

from __future__ import annotations

import shlex

import pytest

from tasks.core.errors import DamagedError, RefusedError
from tasks.core.paths import Cache, Workspace
from tasks.download import outlook, step
from tasks.pipeline import archive_cache
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob, Outcome, Silent
from tasks.web import connectivity
from tests.support.archives import file_member, tar_gz
from tests.support.downloads import (
    Waits,
    install,
    local_archive,
    network_job,
    partials,
    receipt_of,
)
from tests.support.jobs import forget
from tests.support.served import record
from tests.support.servers import answer, file, free_port, reset_at_once, serving

RIGHT = tar_gz([file_member("net/pipeline.config", b"right")])
OTHER = tar_gz([file_member("net/pipeline.config", b"other")])
THIRD = tar_gz([file_member("net/pipeline.config", b"a third one")])


def job_of(workspace: Workspace, *sources: str, **settings: object) -> NetworkJob:
    """A job of a network whose archive the lock knows."""
    record(workspace, RIGHT)
    return network_job(workspace, *sources, locked=None, **settings)  # type: ignore[arg-type]


def dead(port: int) -> str:
    return f"http://127.0.0.1:{port}/net.tar.gz"


def run(job: NetworkJob) -> Outcome:
    """As in a doit of its own."""
    connectivity.verdicts.cache_clear()
    return step.run(job, Silent(), Waits().tools)


def refused(job: NetworkJob) -> bytes:
    path = archive_cache.refused(job)
    assert path is not None
    return path.read_bytes()


@pytest.mark.parametrize("etag", ['"one"', None])
def test_a_refused_archive_is_not_fetched_again_while_it_is_offered(
    etag: str | None, workspace: Workspace
) -> None:
    with serving(file(OTHER, etag=etag)) as server:
        job = job_of(workspace, server.url())
        with pytest.raises(RefusedError, match=r"not the one on record: its sha256 is .*doit acc"):
            run(job)
        with pytest.raises(RefusedError, match=r"still offers .*doit accept net"):
            run(job)
        assert [request.method for request in server.requests] == ["GET", "HEAD"]
    assert refused(job) == OTHER
    assert not archive_cache.cached(job).exists()
    assert not partials(job.cache.root)


def test_a_refused_archive_is_superseded_once_the_server_offers_another(
    workspace: Workspace,
) -> None:
    with serving(file(OTHER), file(RIGHT, etag='"two"')) as server:
        job = job_of(workspace, server.url())
        with pytest.raises(RefusedError):
            run(job)
        assert run(job).kind == "built"
    assert archive_cache.cached(job).read_bytes() == RIGHT
    assert archive_cache.refused(job) is None


def test_a_refused_archive_whose_server_is_gone_stays_refused(workspace: Workspace) -> None:
    with serving(file(OTHER)) as server:
        job = job_of(workspace, server.url())
        with pytest.raises(RefusedError):
            run(job)
    with pytest.raises(RefusedError, match="can't be asked"):
        run(job)
    assert refused(job) == OTHER


def test_a_refused_archive_that_is_let_in_again_needs_no_network(workspace: Workspace) -> None:
    with serving(file(RIGHT)) as server:
        job = job_of(workspace, server.url())
        run(job)
    archive_cache.set_aside(job, archive_cache.cached(job), "refused")
    assert step.why_stale(job) == "the archive was refused"
    archive_cache.readmit(job)
    assert step.why_stale(job) is None


def test_the_next_source_is_asked_in_the_same_run(workspace: Workspace) -> None:
    with serving(file(OTHER)) as first, serving(file(RIGHT)) as second:
        job = job_of(workspace, first.url(), second.url())
        outcome = run(job)
    assert receipt_of(job).source == second.url()
    [line] = outcome.lines
    assert line.startswith("net: 127.0.0.1: the archive is whole but not the one on record: ")
    assert line.endswith("; it is passed over")


def test_a_mirror_that_is_asked_first_keeps_no_archive_from_coming(workspace: Workspace) -> None:
    with serving(file(OTHER)) as mirror, serving(file(RIGHT)) as own:
        job = job_of(workspace, own.url(), mirrors=(mirror.url("/"),), mirrors_first=True)
        assert run(job).kind == "built"
    assert receipt_of(job).source == own.url()


def test_a_better_source_is_still_asked_in_a_later_run(workspace: Workspace) -> None:
    late = (reset_at_once, reset_at_once, reset_at_once, file(RIGHT))
    with serving(file(OTHER)) as first, serving(*late) as second:
        job = job_of(workspace, first.url(), second.url())
        with pytest.raises(RefusedError, match=r"not the one on record.*; 127\.0\.0\.1: "):
            run(job)
        assert run(job).kind == "built"
        assert [request.method for request in first.requests] == ["GET", "HEAD"]
    assert archive_cache.cached(job).read_bytes() == RIGHT


def test_a_source_whose_archive_was_refused_may_be_gone(workspace: Workspace) -> None:
    with serving(file(OTHER)) as first:
        job = job_of(workspace, first.url(), dead(free_port()))
        with pytest.raises(RefusedError, match="connection refused"):
            run(job)
    with serving(file(RIGHT)) as second:
        assert run(job_of(workspace, first.url(), second.url())).kind == "built"


def test_two_sources_of_other_archives_are_not_fetched_from_again(workspace: Workspace) -> None:
    with serving(file(OTHER)) as first, serving(file(THIRD)) as second:
        job = job_of(workspace, first.url(), second.url())
        for _ in range(3):
            with pytest.raises(RefusedError) as caught:
                run(job)
        assert caught.value.todo.endswith(f"(what came from {first.url()})")
        for server in (first, second):
            assert [one.method for one in server.requests] == ["GET", "HEAD", "HEAD"]
    assert refused(job) == OTHER  # of the source that comes first


def test_the_bucket_is_not_fetched_from_under_its_other_name(
    workspace: Workspace, loopback_is_the_bucket: None
) -> None:
    with serving(file(OTHER)) as first, serving(file(OTHER)) as second:
        with pytest.raises(RefusedError):
            run(job_of(workspace, first.url(), second.url()))
        assert [one.method for one in second.requests] == ["HEAD"]


def test_a_file_of_ones_own_that_is_right_is_taken_from_under_a_refused_one(
    workspace: Workspace,
) -> None:
    with serving(file(OTHER)) as server:
        job = job_of(workspace, "exports/net.tar.gz", server.url())
        with pytest.raises(RefusedError):
            run(job)
        local_archive(workspace, RIGHT)
        assert run(job).note == "read in place"


def test_a_file_of_ones_own_that_is_another_is_passed_over_and_stays(workspace: Workspace) -> None:
    path = local_archive(workspace, OTHER)
    with serving(file(RIGHT)) as server:
        job = job_of(workspace, "exports/net.tar.gz", server.url())
        outcome = run(job)
    assert receipt_of(job).source == server.url()
    assert outcome.lines[0].startswith("net: exports/net.tar.gz: the archive is whole but not ")
    assert path.read_bytes() == OTHER


def test_where_there_is_only_that_file_the_command_that_trusts_it_names_it(
    workspace: Workspace,
) -> None:
    local_archive(workspace, OTHER)
    with pytest.raises(RefusedError, match=r"whole but not the one on record") as caught:
        run(job_of(workspace, "exports/net.tar.gz", dead(free_port())))
    command = caught.value.todo.split("`")[1]
    assert shlex.split(command) == ["doit", "accept", "net", "exports/net.tar.gz"]


def test_what_is_installed_does_not_answer_for_a_file_that_was_replaced(
    workspace: Workspace,
) -> None:
    path = local_archive(workspace, RIGHT)
    job = job_of(workspace, "exports/net.tar.gz")
    run(job)
    install(job, receipt_of(job).sha256)
    path.write_bytes(OTHER)
    with pytest.raises(RefusedError, match="not the one on record"):
        run(job)


def test_a_damaged_file_of_ones_own_is_told_to_be_that(workspace: Workspace) -> None:
    local_archive(workspace, RIGHT[:-9])
    with pytest.raises(DamagedError, match=r"exports/net\.tar\.gz: the archive ends too soon"):
        run(job_of(workspace, "exports/net.tar.gz"))


def test_a_body_of_no_known_length_that_was_cut_off_is_damaged_and_comes_anew(
    workspace: Workspace, cache: Cache
) -> None:
    cut = answer(200, RIGHT[:-9], {"Connection": "close"}, length=None)
    with serving(cut, file(RIGHT)) as server:
        job = job_of(workspace, server.url())
        with pytest.raises(DamagedError, match=r"ends too soon.*run doit again"):
            run(job)
        assert [path.suffix for path in sorted((cache.root / "damaged").iterdir())] == [
            ".gz",
            ".json",
        ]
        assert run(job).kind == "built"


def test_another_archive_in_the_cache_is_refused_and_the_sources_are_asked(
    workspace: Workspace, cache: Cache
) -> None:
    """A workspace without a lock fetched it."""
    with serving(file(OTHER, etag='"one"'), file(RIGHT, etag='"two"')) as server:
        job = job_of(workspace, server.url())
        path = archive_cache.cached(job)
        path.parent.mkdir(parents=True)
        path.write_bytes(OTHER)
        archive_cache.note(job, path, ArchiveRecord(source="https://host/x", attested_by="tls"))
        with pytest.raises(RefusedError, match=r"the cached copy: .* not the one on record"):
            run(job)
        assert refused(job) == OTHER
        assert run(job).kind == "built"
    assert path.read_bytes() == RIGHT


def test_a_refused_archive_that_the_lock_names_by_now_is_taken(workspace: Workspace) -> None:
    with serving(file(OTHER)) as server:
        job = job_of(workspace, server.url())
        with pytest.raises(RefusedError):
            run(job)
        forget(workspace.lock_file, "net")
        record(workspace, OTHER)  # as it came with the next commit
        assert run(network_job(workspace, server.url(), locked=None)).note == "found in the cache"
        assert [request.method for request in server.requests] == ["GET"]


def test_nothing_is_refused_where_no_digest_is_on_record(workspace: Workspace) -> None:
    local_archive(workspace, OTHER)
    assert run(network_job(workspace, "exports/net.tar.gz")).kind == "built"


def test_the_plan_names_the_source_whose_archive_was_not_refused(workspace: Workspace) -> None:
    with serving(file(OTHER)) as server:
        url, other = server.url(), dead(free_port())
        job = job_of(workspace, url, other)
        assert outlook.outlook(job).source == url
        with pytest.raises(RefusedError):
            run(job)
    assert outlook.outlook(job).source == other
    assert outlook.outlook(job_of(workspace, url)).source == url
