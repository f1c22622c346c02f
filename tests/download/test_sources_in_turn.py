"""One source after another, and what is deferred when none can be reached."""

from __future__ import annotations

import pytest

from tasks.core.errors import DamagedError, DownloadError, UnreachableError
from tasks.core.paths import Cache, Workspace
from tasks.download import step
from tasks.download.transfer import Tools
from tasks.pipeline.job import Silent
from tasks.web.connectivity import Origin
from tests.support.downloads import (
    BODY,
    OTHER,
    SHA256,
    Waits,
    local_archive,
    network_job,
    partials,
    receipt_of,
)
from tests.support.servers import answer, broken_off, file, free_port, serving

# One source after another


def test_a_404_moves_on_to_the_next_source(workspace: Workspace) -> None:
    with serving(answer(404)) as first, serving(file(BODY)) as second:
        job = network_job(workspace, first.url(), second.url())
        step.run(job, Silent())
    assert receipt_of(job).source == second.url()


def test_an_html_page_and_a_wrong_hash_move_on_too(workspace: Workspace) -> None:
    wrong = file(OTHER, {"x-goog-hash": "crc32c=AAAAAA=="})
    page = answer(200, b"<html>")
    with serving(page) as first, serving(wrong) as second, serving(file(BODY)) as third:
        job = network_job(workspace, first.url(), second.url(), third.url())
        step.run(job, Silent(), Waits().tools)
    assert receipt_of(job).sha256 == SHA256


def test_a_404_of_every_source_is_an_error_that_names_them(workspace: Workspace) -> None:
    with serving(answer(404)) as first, serving(answer(403)) as second:
        job = network_job(workspace, first.url(), second.url())
        with pytest.raises(DownloadError, match=r"no such file \(404\); .*\(403\)") as caught:
            step.run(job, Silent())
    assert f"`curl -fLO '{second.url()}'` elsewhere" in caught.value.todo


def test_a_404_is_not_final_while_a_source_is_out_of_reach(workspace: Workspace) -> None:
    with serving(answer(404)) as server:
        dead = f"http://127.0.0.1:{free_port()}/net.tar.gz"
        outcome = step.run(network_job(workspace, server.url(), dead), Silent())
    assert outcome.kind == "deferred"
    assert "404" in outcome.note
    assert "connection refused" in outcome.note


def test_a_damaged_archive_is_an_error_even_if_another_source_is_out_of_reach(
    workspace: Workspace,
) -> None:
    wrong = file(OTHER, {"x-goog-hash": "crc32c=AAAAAA=="})
    with serving(wrong) as server:
        dead = f"http://127.0.0.1:{free_port()}/net.tar.gz"
        with pytest.raises(DamagedError, match="crc32c"):
            step.run(network_job(workspace, server.url(), dead), Silent(), Waits().tools)


# Deferred


def test_a_network_whose_hosts_are_out_of_reach_is_deferred(workspace: Workspace) -> None:
    job = network_job(workspace, f"http://127.0.0.1:{free_port()}/net.tar.gz")
    outcome = step.run(job, Silent())
    assert (outcome.kind, outcome.note) == ("deferred", "127.0.0.1: connection refused")
    assert receipt_of(job).status == "deferred"
    assert step.why_stale(job) == "deferred: no host can be reached"


def test_a_network_that_stays_deferred_changes_no_receipt(workspace: Workspace) -> None:
    job = network_job(workspace, f"http://127.0.0.1:{free_port()}/net.tar.gz")
    step.run(job, Silent())
    before = workspace.receipt("download", "net").stat().st_mtime_ns
    assert step.run(job, Silent()).kind == "deferred"
    assert workspace.receipt("download", "net").stat().st_mtime_ns == before


def test_a_deferred_network_is_built_once_its_host_is_back(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TOD_OFFLINE", "1")
            assert step.run(job, Silent()).kind == "deferred"
            assert server.requests == []
        assert step.run(job, Silent()).kind == "built"


def test_a_named_network_that_is_out_of_reach_is_an_error(workspace: Workspace) -> None:
    job = network_job(workspace, f"http://127.0.0.1:{free_port()}/net.tar.gz", may_defer=False)
    with pytest.raises(UnreachableError, match=r"connection refused.*doit adopt net net.tar.gz"):
        step.run(job, Silent())
    assert step.why_stale(job) == "never done"


def test_offline_does_not_even_try_and_still_reads_what_is_at_hand(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOD_OFFLINE", "1")
    local_archive(workspace)
    assert step.run(network_job(workspace, "exports/net.tar.gz"), Silent()).kind == "built"


def test_the_hosts_of_all_wanted_networks_share_one_deadline(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[Origin]] = []

    def probe(origins: set[Origin], timeout: float) -> dict[Origin, str]:
        asked.append(set(origins))
        return dict.fromkeys(origins, "time-out")

    monkeypatch.setattr("tasks.web.connectivity._probe_all", probe)
    job = network_job(
        workspace, "https://a.example/1/n", "http://b.example/1/n", mirrors=("https://c.example",)
    )
    assert step.run(job, Silent()).kind == "deferred"
    assert step.run(job, Silent()).kind == "deferred"
    assert [{origin.host for origin in each} for each in asked] == [
        {"a.example", "b.example", "c.example"}
    ]


def test_a_transfer_cut_off_by_the_network_is_deferred_and_keeps_its_partial(
    workspace: Workspace, cache: Cache
) -> None:
    """The line dies in the middle: the host can't be connected to any more."""
    with serving(broken_off(BODY, 100_000, {"ETag": '"one"'})) as server:
        job = network_job(workspace, server.url())
        outcome = step.run(job, Silent(), Tools(sleep=lambda _: server.__exit__()))
    assert outcome.kind == "deferred"
    [partial] = partials(cache.root)
    assert partial.read_bytes() == BODY[:100_000]
