"""A real scheduler and real workers, in whose place of TensorFlow something answers at once."""

from __future__ import annotations

import gc
import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tasks.cluster import VARIABLE
from tasks.cluster.report import Report
from tasks.core.errors import UnreachableError
from tasks.inference.results import NetworkMeasurements, load_saved
from tasks.measure import on_cluster
from tasks.measure.project_pictures import read_pictures
from tasks.pipeline.job import Progress, ProjectJob, Silent
from tasks.pipeline.receipts import receipt_of
from tests.cluster.conftest import NETWORKS, PICTURES
from tests.support.cluster_stand_in import found
from tests.support.clusters import NEEDS_DASK, Cluster

pytestmark = [
    NEEDS_DASK,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Watched(Progress):
    """Does something once so many pictures are done."""

    def __init__(self, at: int, do: Callable[[], object]) -> None:
        self.at, self.do, self.done = at, do, 0
        self.notes = list[str]()

    def advance(self, amount: int) -> None:
        before, self.done = self.done, self.done + amount
        if before < self.at <= self.done:
            self.do()

    def note(self, line: str) -> None:
        self.notes.append(line)


def detect(job: ProjectJob, progress: Progress | None = None) -> Report:
    networks = {name: receipt_of(job.workspace, name) for name in NETWORKS}
    given = {name: receipt for name, receipt in networks.items() if receipt is not None}
    pictures = read_pictures(job, Silent()).pictures
    return on_cluster.detect(job, given, pictures, progress or Silent())


def patient(job: ProjectJob) -> ProjectJob:
    """The same, for a busy machine on which processes take their time to start."""
    settings = replace(job.config.settings, connect_timeout=30, read_timeout=60)
    return replace(job, config=replace(job.config, settings=settings))


def is_whole(job: ProjectJob, name: str) -> bool:
    """Whether all that has to be found by a network is noted, in one order, and nothing else."""
    saved = load_saved(job.workspace.network_notes(name), NetworkMeasurements)
    in_order = list(saved.pictures) == sorted(saved.pictures)
    return (
        in_order
        and len(saved.pictures) == PICTURES
        and all(one == found(sha256) for sha256, one in saved.pictures.items())
    )


def test_a_worker_that_is_killed_and_one_that_is_frozen_cost_their_batches_only(
    cluster: Cluster, job: ProjectJob
) -> None:
    for name in ("killed", "frozen", "good"):
        cluster.start_worker(name, STAND_IN_SECONDS="0.1")
    cluster.wait_for("killed", "frozen", "good")

    def strike() -> None:
        cluster.kill("killed")
        cluster.signal("frozen", signal.SIGSTOP)

    report = detect(job, Watched(9, strike))
    assert not report.failed
    assert all(is_whole(job, name) for name in NETWORKS)
    assert report.unused["killed"].startswith("it is gone")
    assert report.unused["frozen"] == "it has not answered for 1.5 s"
    assert sum(report.pictures.values()) == 2 * PICTURES
    assert detect(job).pictures == {}  # nothing is done again


def test_pictures_are_on_a_worker_for_as_long_as_a_run_takes(
    cluster: Cluster, job: ProjectJob
) -> None:
    cluster.start_worker("good")
    cluster.wait_for("good")
    seen = list[Path]()

    def pictures() -> list[Path]:
        return list((cluster.folder / "cache-good/cluster").glob(f".pictures-*/{'?' * 64}"))

    assert not detect(job, Watched(9, lambda: seen.extend(pictures()))).failed
    assert seen
    assert not pictures()


def test_the_scheduler_is_started_again_and_the_work_goes_on(
    cluster: Cluster, job: ProjectJob
) -> None:
    cluster.start_worker("before", STAND_IN_SECONDS="0.1")
    cluster.wait_for("before")

    def start_again() -> None:
        cluster.start_scheduler()
        cluster.start_worker("after")

    later = threading.Timer(1, start_again)

    def strike() -> None:
        cluster.kill("scheduler")
        later.start()

    watched = Watched(9, strike)
    report = detect(patient(job), watched)
    later.join()
    assert all(is_whole(job, name) for name in NETWORKS)
    assert report.pictures["after"] > 0
    [note] = watched.notes
    assert note.startswith(f"scheduler {cluster.address}: gone; waiting for it")


def test_a_worker_that_can_not_be_used_is_told_by_name_and_the_others_do_its_work(
    cluster: Cluster, job: ProjectJob
) -> None:
    cluster.start_worker("old", STAND_IN_TENSORFLOW="2.9.0")
    cluster.start_worker("full", STAND_IN_FAULT="TensorFlow was killed by signal 9: out of memory?")
    cluster.start_worker("good", STAND_IN_SECONDS="0.02")
    cluster.wait_for("old", "full", "good")
    report = detect(job)
    assert not report.failed
    assert all(is_whole(job, name) for name in NETWORKS)
    assert set(report.pictures) == {"good"}
    assert report.unused["old"].startswith("it has tensorflow 2.9.0, here is ")
    assert any(line.startswith("worker full: ") and "memory?" in line for line in report.lines)
    told = json.loads(job.workspace.cluster_report(job.name).read_bytes())
    assert told["workers"]["good"] == {"pictures": 2 * PICTURES, "unused": ""}
    assert told["workers"]["old"]["unused"] == report.unused["old"]
    assert {one["worker"] for one in told["failures"]} == {"full"}
    assert told["failed"] == {}


def test_a_worker_without_our_modules_is_told_and_stays_alive(
    cluster: Cluster, job: ProjectJob, tmp_path: Path
) -> None:
    """Others may have it do their own work: it must not end for what it was asked."""
    (tmp_path / "empty").mkdir()
    cluster.start_worker("bare", stand_in=False, place=str(tmp_path / "empty"))
    cluster.start_worker("good")
    cluster.wait_for("bare", "good")
    report = detect(job)
    assert not report.failed
    assert report.unused["bare"].startswith("it can't import tasks: start it in a checkout")
    assert cluster.processes["bare"].poll() is None
    assert "End worker" not in cluster.said("bare")


def test_a_worker_that_dask_has_paused_is_told_and_never_waited_for(
    cluster: Cluster, job: ProjectJob
) -> None:
    cluster.start_worker("small", "--memory-limit", "40MB")
    cluster.wait_for("small")
    with pytest.raises(UnreachableError, match=r"small: Dask has paused it for 1\.5 s: its memory"):
        detect(job)
    cluster.start_worker("good")
    cluster.wait_for("good")
    assert set(detect(job).pictures) == {"good"}


def test_a_worker_that_takes_a_dead_ones_address_is_another(
    cluster: Cluster, job: ProjectJob
) -> None:
    """As Dask's nanny starts one again at a port that was chosen; it has no network and no picture
    of what was sent to the dead one."""
    port = cluster.free_port()
    cluster.start_worker("w1", "--worker-port", port, STAND_IN_SECONDS="0.1")
    cluster.wait_for("w1")

    def strike() -> None:
        cluster.kill("w1")
        cluster.start_worker("w1", "--worker-port", port, cache="another")

    report = detect(patient(job), Watched(9, strike))
    assert not report.failed
    assert all(is_whole(job, name) for name in NETWORKS)
    assert report.pictures == {"w1": 2 * PICTURES}


def test_where_no_worker_is_left_the_run_ends_with_what_was_wrong_with_each(
    cluster: Cluster, job: ProjectJob
) -> None:
    cluster.start_worker("full", STAND_IN_FAULT="it crashed")
    cluster.wait_for("full")
    with pytest.raises(UnreachableError, match=r"full: it failed 3 times, .*it crashed"):
        detect(job)


def test_without_a_scheduler_it_is_one_line(cluster: Cluster, job: ProjectJob) -> None:
    cluster.close()
    with pytest.raises(UnreachableError, match=r"^scheduler tcp://127.*: it can't be reached"):
        detect(job)


@pytest.mark.parametrize(
    "address",
    ["garbage", "tcp://127.0.0.1", "tcp://", "http://127.0.0.1:1", "tls://127.0.0.1:1", "SILENT"],
)
def test_what_is_no_scheduler_is_one_line_and_nobody_waits_for_it(
    address: str,
    job: ProjectJob,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv(VARIABLE, place if address == "SILENT" else address)
        began = time.monotonic()
        with pytest.raises(UnreachableError, match=r"^scheduler .*: it can't be reached \(.+\)"):
            detect(job)
        gc.collect()
    assert time.monotonic() - began < 15
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("package", ["dask", "distributed"])
def test_where_dask_is_not_installed_it_is_one_line(
    job: ProjectJob, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setenv(VARIABLE, "tcp://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        UnreachableError, match="Dask is not installed here; install requirements-c"
    ):
        detect(job)


def test_a_picture_that_changed_meanwhile_is_told_and_blames_no_worker(
    cluster: Cluster, job: ProjectJob
) -> None:
    cluster.start_worker("good")
    cluster.wait_for("good")
    pictures = read_pictures(job, Silent()).pictures
    path = job.workspace.root / pictures[0].path
    path.write_bytes(path.read_bytes() + b"more")
    networks = {"first": receipt_of(job.workspace, "first")}
    given = {name: receipt for name, receipt in networks.items() if receipt is not None}
    report = on_cluster.detect(job, given, pictures, Silent())
    assert report.failed["first"].why.endswith(
        "changed while the networks were run; run doit again"
    )
    assert not report.failures
