"""Several doits at once: in one workspace, and in several that share a cache."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.checkouts import Checkout
from tests.support.soak import Reference, Scene, names, scene, snapshot, undisturbed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")
WAITS = re.compile(
    r"^waiting    (\S+): for process (\d+) on \S+, at it since \d\d:\d\d:\d\d$", re.MULTILINE
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("company"), size=4 << 20, seconds=1.2) as made:
        yield made


@pytest.fixture(scope="module")
def reference(place: Scene) -> Reference:
    return undisturbed(place, stand_in=True)


Together = Callable[[int], list[Checkout]]


@pytest.fixture(params=["one workspace", "one cache"])
def together(request: pytest.FixtureRequest, place: Scene) -> Together:
    """Gives so many checkouts: all the same one, or one each that share a cache."""

    def same(number: int) -> list[Checkout]:
        return [place.fresh(stand_in=True)] * number

    def apart(number: int) -> list[Checkout]:
        first = place.fresh(stand_in=True)
        others = [place.root / f"workspace-{n}" for n in range(1, number)]
        for folder in others:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(first.root, folder)
        return [first, *(Checkout(folder, first.environment) for folder in others)]

    return same if request.param == "one workspace" else apart


def requests(place: Scene) -> list[str | None]:
    """What was asked for since the last time: a `Range`, or None for the whole."""
    asked = [request.headers.get("range") for request in place.server.requests]
    place.server.requests.clear()
    return asked


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, (out, err)
    assert "Traceback" not in out + err
    return out, err


def built(outputs: list[str]) -> Counter[str]:
    """How often each task was done, all doits together."""
    lines = [re.findall(r"^built +(\S+): (.*)", out, flags=re.MULTILINE) for out in outputs]
    return Counter(
        task for found in lines for task, note in found if "fetched by another" not in note
    )


@pytest.mark.parametrize(
    ("together", "number"),
    [("one workspace", 2), ("one workspace", 4), ("one cache", 4)],
    indirect=["together"],
)
def test_doits_at_once_share_the_work_and_do_no_harm(
    number: int, together: Together, place: Scene, reference: Reference
) -> None:
    checkouts = together(number)
    requests(place)
    told = [ended(process) for process in [checkout.start() for checkout in checkouts]]
    assert requests(place) == [None]
    for checkout in checkouts:
        assert snapshot(checkout) == reference.files
    assert names(place.cache) == reference.cached
    waits = [found for _, err in told for found in WAITS.findall(err)]
    assert "download:digits" in {task for task, _ in waits}
    if checkouts[0] is checkouts[1]:
        counted = built([out for out, _ in told])
        del counted["download:bare"]  # a local file: it is read in place by whoever looks
        assert set(counted.values()) == {1}, counted


def test_several_tasks_at_a_time_leave_what_one_at_a_time_leaves(
    place: Scene, reference: Reference
) -> None:
    checkout = place.fresh(stand_in=True)
    done = checkout.doit("-n", "2")
    assert done.code == 0, done.said
    assert "Traceback" not in done.said
    assert snapshot(checkout) == reference.files


def test_when_one_is_killed_another_goes_on_where_it_was(
    together: Together, place: Scene, reference: Reference
) -> None:
    checkouts = together(2)
    requests(place)
    victim = checkouts[0].start()
    wait_for_partial(place.cache, victim)
    others = [checkout.start() for checkout in checkouts[1:]]
    time.sleep(0.5)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.communicate()
    had = max(path.stat().st_size for path in (place.cache / "partial").glob("*.part"))
    for process in others:
        ended(process)
    first, second = requests(place)
    assert first is None
    assert second is not None
    assert int(second.removeprefix("bytes=").rstrip("-")) >= had * 0.99
    assert snapshot(checkouts[1]) == reference.files
    if checkouts[0] is not checkouts[1]:
        ended(checkouts[0].start())
        assert requests(place) == []
    assert snapshot(checkouts[0]) == reference.files
    assert names(place.cache) == reference.cached


def wait_for_partial(cache: Path, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        if any(path.stat().st_size > 100_000 for path in cache.glob("partial/*.part")):
            return
        time.sleep(0.01)
    raise AssertionError(process.communicate())


def test_a_stopped_doit_is_named_to_the_one_that_waits(place: Scene) -> None:
    """Ctrl-Z: it holds what it holds. Who waits is told for whom, since when, and can end it."""
    checkout = place.fresh(stand_in=True)
    stopped = checkout.start("smoke:bare")
    turn = checkout.root / ".tod/turns/smoke-bare.lock.json"
    while not (turn.exists() and turn.stat().st_size) and stopped.poll() is None:
        time.sleep(0.001)
    os.killpg(stopped.pid, signal.SIGSTOP)
    waiting = checkout.start("smoke:bare")
    assert waiting.stderr is not None
    line = waiting.stderr.readline()
    os.killpg(stopped.pid, signal.SIGKILL)
    stopped.communicate()
    ended(waiting)
    assert [("smoke:bare", str(stopped.pid))] == WAITS.findall(line), line
