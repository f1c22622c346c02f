"""Downloads that are killed, interrupted, or run side by side: real processes, one cache."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.core import temporary
from tasks.core.errors import DiskError, DownloadError
from tasks.core.paths import Cache, Workspace
from tasks.download import partial, step
from tasks.pipeline import archive_cache, step_lock
from tasks.pipeline.job import Outcome, Silent, Unit
from tasks.web.answer import SideCar
from tests.support.downloads import BODY, OTHER, Waits, leave_partial, network_job, partials
from tests.support.servers import answer, broken_off, file, paused, serving, stalled

ROOT = Path(__file__).parents[2]
HALF = len(BODY) // 2
ELSEWHERE = "http://elsewhere.example/net"
ONE = {"ETag": '"one"'}
CHILD = """
import sys
from pathlib import Path
from tasks.download import step
from tasks.pipeline.job import Silent
from tasks.core.paths import Workspace
from tests.support.downloads import network_job
root, url, limit = sys.argv[1:]
if int(limit):
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    print(step.run(network_job(Workspace(Path(root)), url), Silent()).note)
except Exception as error:
    print(type(error).__name__, error)
"""


@contextmanager
def child(workspace: Workspace, url: str, *, limit: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that runs the step. `limit`: no file may grow beyond these bytes."""
    command = [sys.executable, "-c", CHILD, str(workspace.root), url, str(limit)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(true: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def has_partial(cache: Cache, size: int) -> Callable[[], bool]:
    return lambda: any(path.stat().st_size == size for path in partials(cache.root))


class Phases(Silent):
    """Remembers what was begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def begin(self, doing: str, total: int | None, unit: Unit = "bytes") -> None:
        self.begun.append(doing)


class Interrupted(Silent):
    """Ctrl-C comes with the first bytes."""

    def advance(self, amount: int) -> None:
        raise KeyboardInterrupt


def in_thread(work: Callable[[], Outcome]) -> tuple[threading.Thread, list[Outcome]]:
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(work()))
    thread.start()
    return thread, outcomes


# Killed and resumed


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_download_goes_on_where_it_was(
    number: signal.Signals, workspace: Workspace, cache: Cache
) -> None:
    with serving(stalled(BODY, HALF, ONE), file(BODY)) as server:
        with child(workspace, server.url()) as process:
            wait_until(has_partial(cache, HALF))
            process.send_signal(number)
            process.wait(10)
        assert partials(cache.root)
        job = network_job(workspace, server.url())
        outcome = step.run(job, Silent())
        assert server.asked("Range") == [None, f"bytes={HALF}-"]
        assert server.asked("If-Range") == [None, '"one"']
    assert outcome.note == f"from 127.0.0.1, from {HALF / 1000:.1f} kB on"
    assert archive_cache.cached(job).read_bytes() == BODY
    assert list((cache.root / "partial").iterdir()) == []


def test_ctrl_c_keeps_the_partial_file(workspace: Workspace, cache: Cache) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        with pytest.raises(KeyboardInterrupt):
            step.run(job, Interrupted())
        [left] = partials(cache.root)
        had = left.stat().st_size
        step.run(job, Silent())
        assert server.asked("Range") == [None, f"bytes={had}-"]
    assert partials(cache.root) == []


def test_a_complete_partial_is_not_fetched_again(workspace: Workspace, cache: Cache) -> None:
    """Killed between the last byte and the rename: the server says 416, and that is that."""
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        leave_partial(job.cache, server.url(), BODY, total=len(BODY))
        step.run(job, Silent())
        assert server.asked("Range") == [f"bytes={len(BODY)}-"]
    assert archive_cache.cached(job).read_bytes() == BODY


@pytest.mark.parametrize("torn", [b"", b"{", b'{"url": 5}', b"\x00" * 40])
def test_a_partial_whose_side_car_is_torn_is_not_used(
    torn: bytes, workspace: Workspace, cache: Cache
) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        left = leave_partial(job.cache, server.url(), BODY[:HALF], total=len(BODY))
        partial.side_path(left).write_bytes(torn)
        step.run(job, Silent())
        assert server.asked("Range") == [None]
    assert list((cache.root / "partial").iterdir()) == []


def test_a_partial_that_was_damaged_on_disk_is_found_out_by_the_servers_hash(
    workspace: Workspace,
) -> None:
    from tests.download.test_servers_that_misbehave import CRC

    with serving(file(BODY, {"x-goog-hash": CRC})) as server:
        job = network_job(workspace, server.url())
        leave_partial(job.cache, server.url(), OTHER[:HALF], total=len(BODY))
        step.run(job, Silent(), Waits().tools)
        assert server.asked("Range") == [f"bytes={HALF}-", None]
    assert archive_cache.cached(job).read_bytes() == BODY


def test_the_longest_partial_is_gone_on_with(workspace: Workspace, cache: Cache) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        for size in (1000, HALF, 5000):
            leave_partial(job.cache, server.url(), BODY[:size], total=len(BODY))
        step.run(job, Silent())
        assert server.asked("Range") == [f"bytes={HALF}-"]
    assert list((cache.root / "partial").iterdir()) == []


def test_the_partial_of_another_address_stays(workspace: Workspace, cache: Cache) -> None:
    """It may be another workspace's, whose download is deferred."""
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        other = leave_partial(job.cache, ELSEWHERE, BODY[:9], total=99)
        step.run(job, Silent())
    assert partials(cache.root) == [other]


def test_partials_of_the_sources_that_failed_are_removed_at_success(
    workspace: Workspace, cache: Cache
) -> None:
    with serving(broken_off(BODY, HALF, ONE), answer(404)) as first, serving(file(BODY)) as second:
        job = network_job(workspace, first.url(), second.url())
        step.run(job, Silent(), Waits().tools)
    assert list((cache.root / "partial").iterdir()) == []


def test_a_failed_download_leaves_nothing_that_can_not_be_gone_on_with(
    workspace: Workspace, cache: Cache
) -> None:
    with serving(broken_off(BODY, HALF)) as server:
        job = network_job(workspace, server.url())
        with pytest.raises(DownloadError, match="broke off"):
            step.run(job, Silent(), Waits().tools)
    assert list((cache.root / "partial").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="no such limit there")
def test_a_disk_that_fills_up_on_the_way_is_one_line(workspace: Workspace, cache: Cache) -> None:
    """A limit on the file's length stands for the full disk: writing fails in the same way."""
    with serving(file(BODY)) as server:
        with child(workspace, server.url(), limit=100_000) as process:
            said = process.communicate(timeout=20)[0]
        assert said.startswith("DiskError net: file too large")
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        assert server.asked("Range") == [None, "bytes=100000-"]
    assert archive_cache.cached(job).read_bytes() == BODY


# Side by side


def test_the_second_of_two_waits_and_takes_what_the_first_fetched(
    workspace: Workspace, tmp_path: Path, cache: Cache
) -> None:
    other = Workspace(tmp_path / "other")
    other.root.mkdir()
    go_on, phases = threading.Event(), Phases()
    with serving(paused(BODY, HALF, go_on, ONE)) as server:
        with child(other, server.url()) as process:
            wait_until(has_partial(cache, HALF))
            job = network_job(workspace, server.url())
            thread, outcomes = in_thread(lambda: step.run(job, phases))
            wait_until(lambda: phases.begun)
            go_on.set()
            thread.join(20)
            assert process.communicate(timeout=20)[0].strip() == "from 127.0.0.1"
        assert len(server.requests) == 1
    assert outcomes[0].note == "fetched by another doit"
    assert f"wait for process {process.pid} on " in phases.begun[0]
    assert "at it since" in phases.begun[0]
    assert archive_cache.cached(job).read_bytes() == BODY


def test_nobody_waits_for_a_killed_process(workspace: Workspace, cache: Cache) -> None:
    script = (stalled(BODY, HALF, ONE), file(BODY))
    with serving(*script) as server, child(workspace, server.url()) as process:
        wait_until(has_partial(cache, HALF))
        job, phases = network_job(workspace, server.url()), Phases()
        thread, outcomes = in_thread(lambda: step.run(job, phases))
        wait_until(lambda: phases.begun)
        process.kill()
        thread.join(20)
    assert outcomes[0].kind == "built"
    assert archive_cache.cached(job).read_bytes() == BODY


def test_nobody_waits_for_ever_for_one_that_makes_no_progress(
    workspace: Workspace, cache: Cache
) -> None:
    script = (stalled(BODY, HALF, ONE), file(BODY))
    with serving(*script) as server, child(workspace, server.url()):
        wait_until(has_partial(cache, HALF))
        job = network_job(workspace, server.url(), read_timeout=0.3)
        assert step.run(job, Silent()).kind == "built"
    assert archive_cache.cached(job).read_bytes() == BODY


def test_two_writers_without_working_locks_never_mix_bytes(
    workspace: Workspace, tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network file system that grants every lock to everyone."""
    other = Workspace(tmp_path / "other")
    other.root.mkdir()
    monkeypatch.setattr(step_lock, "_try_lock", lambda _: lambda: None)
    go_on = threading.Event()
    script = (paused(BODY, HALF, go_on, ONE), file(BODY))
    with serving(*script) as server, child(other, server.url()) as process:
        wait_until(has_partial(cache, HALF))
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        assert server.asked("Range") == [None, f"bytes={HALF}-"]
        assert archive_cache.cached(job).read_bytes() == BODY
        [living] = partials(cache.root)
        assert living.read_bytes() == BODY[:HALF]
        go_on.set()
        assert process.communicate(timeout=20)[0].strip() == "from 127.0.0.1"
    assert archive_cache.cached(job).read_bytes() == BODY
    assert step.why_stale(job) == "the archive changed in the cache"  # until it was read again
    assert step.run(job, Silent()).note == "found in the cache"
    assert step.why_stale(job) is None
    assert list((cache.root / "partial").iterdir()) == []


def test_a_place_where_no_lock_can_be_made_does_not_stop_a_download(
    workspace: Workspace, cache: Cache
) -> None:
    cache.root.mkdir()
    (cache.root / "locks").write_bytes(b"a file where the folder should be")
    with serving(file(BODY)) as server:
        assert step.run(network_job(workspace, server.url()), Silent()).kind == "built"


def test_a_clock_that_jumps_back_makes_no_living_process_of_a_dead_one(
    workspace: Workspace, cache: Cache
) -> None:
    for age in (-(10**6), 10**6):
        left = leave_partial(cache, ELSEWHERE, BODY[:9], total=99)
        changed = left.stat().st_mtime - age
        os.utime(left, (changed, changed))
        partial.remove_orphans(place_of(cache))
        assert list((cache.root / "partial").iterdir()) == []


def test_a_partial_stays_while_it_is_held_however_long_it_does_not_grow(cache: Cache) -> None:
    partial_file = partial.PartialFile(place_of(cache), ELSEWHERE)
    partial_file.restart(SideCar(url=ELSEWHERE, etag='"one"', total=99), ())
    os.utime(partial_file.path, (1, 1))
    partial.remove_orphans(place_of(cache))
    assert partials(cache.root) == [partial_file.path]
    assert partial.read_side_car(partial_file.path) is not None
    partial_file.close()
    partial.remove_orphans(place_of(cache))
    assert list((cache.root / "partial").iterdir()) == []


def test_a_partial_of_another_machine_stays_while_it_is_fresh(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary, "machine", lambda: "0" * 8)
    left = leave_partial(cache, ELSEWHERE, BODY[:9], total=99)
    monkeypatch.undo()
    partial.remove_orphans(place_of(cache))
    assert sorted(left.parent.iterdir()) == [left, partial.side_path(left)]
    old = left.stat().st_mtime - temporary.STILL_FRESH - 1
    os.utime(left, (old, old))
    partial.remove_orphans(place_of(cache))
    assert list(left.parent.iterdir()) == []


def test_what_was_planted_among_the_partials_is_neither_used_nor_removed(
    workspace: Workspace, cache: Cache, tmp_path: Path
) -> None:
    """A link, a pipe and a folder, each with a right side-car."""
    mine = tmp_path / "mine"
    mine.write_bytes(OTHER[:HALF])
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        left = leave_partial(cache, server.url(), b"", total=len(BODY))
        side_car = partial.side_path(left).read_bytes()
        left.unlink()
        left.symlink_to(mine)
        pipe, folder = (left.with_name(f"{left.stem}-{n}.part") for n in range(2))
        os.mkfifo(pipe)
        folder.mkdir()
        for each in (pipe, folder):
            partial.side_path(each).write_bytes(side_car)
        step.run(job, Silent())
        assert server.asked("Range") == [None]
    assert archive_cache.cached(job).read_bytes() == BODY
    assert mine.read_bytes() == OTHER[:HALF]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_partial_of_another_user_is_not_gone_on_with(workspace: Workspace, cache: Cache) -> None:
    """Whatever its side-car says: its bytes may be anything."""
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        left = leave_partial(cache, server.url(), OTHER[:HALF], total=len(BODY))
        os.chown(left, 65534, 65534)
        step.run(job, Silent())
        assert server.asked("Range") == [None]
    assert archive_cache.cached(job).read_bytes() == BODY


def place_of(cache: Cache) -> Path:
    return cache.partial("net", partial.address_key(ELSEWHERE))


def test_an_error_of_the_disk_is_no_traceback(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(partial.PartialFile, "write", full)
    with serving(file(BODY)) as server, pytest.raises(DiskError, match="no space left on device"):
        step.run(network_job(workspace, server.url()), Silent())
