"""Runs of `doit` that are killed at chosen instants, and what must be true of the next.

An `Instant` lies at a fraction of what a task writes, or of the time that it takes. It is met by
watching receipts and files, so a busy machine meets it as well.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.checkouts import Checkout, Finished
from tests.support.soak import (
    STEPS,
    Reference,
    Scene,
    is_done,
    names,
    receipts,
    snapshot,
    written,
)

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Instant:
    """When to strike: at this fraction of what this task writes, or of the time that it takes.

    Up to 1.25: the last fifth of all instants lies between the last byte and the receipt, or after.
    """

    task: str
    fraction: float
    number: signal.Signals

    @property
    def step(self) -> str:
        return self.task.partition(":")[0]


def instants(count: int, seed: int, reference: Reference) -> list[Instant]:
    """So many instants, spread evenly over steps and signals."""
    chance = random.Random(seed)
    chosen = []
    for number in range(count):
        step = STEPS[number % len(STEPS)]
        of_step = [task for task in reference.seconds if task.startswith(f"{step}:")]
        which = SIGNALS[number // len(STEPS) % len(SIGNALS)]
        chosen.append(Instant(chance.choice(of_step), chance.uniform(0, 1.25), which))
    return chosen


@dataclass(frozen=True)
class Struck:
    """What a killed run left.

    Attributes:
        code: its exit code; 0 if it had ended before.
        done: the tasks whose receipts are there.
        partial: bytes of the longest partial file; 0 if there is none.
        archived: whether the archive is in the cache.
    """

    code: int
    said: str
    done: frozenset[str]
    partial: int
    archived: bool

    def in_flight(self, reference: Reference) -> str:
        """The step that was under way; "end" if all were done."""
        rest = [task for task in reference.seconds if task not in self.done]
        return rest[0].partition(":")[0] if rest else "end"


def strike(place: Scene, checkout: Checkout, instant: Instant, reference: Reference) -> Struck:
    """Start doit, and kill its whole process group at the instant."""
    process = checkout.start()
    order = list(reference.seconds)
    before = order[: order.index(instant.task)]
    _await(checkout, before[-1] if before else "", process)
    _await_fraction(place, checkout, instant, reference, process)
    if process.poll() is None:
        os.killpg(process.pid, instant.number)
    out, err = process.communicate(timeout=place.patience)
    _await_group(process.pid)
    partials = [path.stat().st_size for path in place.cache.glob("partial/*.part")]
    archived = any(place.cache.glob("archives/*.tar.gz"))
    done = frozenset(receipts(checkout))
    return Struck(process.returncode, out + err, done, max(partials, default=0), archived)


def _await(checkout: Checkout, task: str, process: subprocess.Popen[str]) -> None:
    """Wait until a task's receipt is there, or doit has ended."""
    if task:
        receipt = _receipt(checkout, task)
        while process.poll() is None:
            if receipt.exists() and is_done(receipt):
                return
            time.sleep(0.003)


def _receipt(checkout: Checkout, task: str) -> Path:
    step, _, name = task.partition(":")
    return checkout.root / f".tod/receipts/{step}/{name}.json"


def _await_fraction(
    place: Scene,
    checkout: Checkout,
    instant: Instant,
    reference: Reference,
    process: subprocess.Popen[str],
) -> None:
    total, seconds = reference.written[instant.task], reference.seconds[instant.task]
    if not total:
        time.sleep(instant.fraction * seconds)
        return
    enough = min(instant.fraction, 1.0) * total
    receipt = _receipt(checkout, instant.task)
    while process.poll() is None and not receipt.exists():
        if written(place, checkout, instant.task) >= enough:
            break
        time.sleep(0.003)
    time.sleep(max(instant.fraction - 1.0, 0.0) * seconds)


def _await_group(group: int) -> None:
    """Wait until no process of the group is left: its children may take a moment to notice."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    raise AssertionError("a process outlived its doit")


def finish(place: Scene, checkout: Checkout, struck: Struck, reference: Reference) -> Finished:
    """Run doit once more, and compare with the undisturbed run.

    Raises:
        AssertionError: something was lost, done twice, or left behind.
    """
    asked_before = len(place.server.requests)
    done = checkout.doit()
    assert done.code == 0, done.said
    assert "Traceback" not in done.said, done.said
    built = set(re.findall(r"^built +([^ ]+):(?: |$)", done.out, flags=re.MULTILINE))
    due = reference.seconds.keys() - struck.done
    assert built == due, f"done: {sorted(built)}, due: {sorted(due)}"
    asked = [request.headers.get("range") for request in place.server.requests[asked_before:]]
    assert asked == _expected_requests(struck), (asked, struck)
    now = snapshot(checkout)
    unlike = {name for name in now | reference.files if now.get(name) != reference.files.get(name)}
    assert not unlike, unlike
    assert names(place.cache) == reference.cached
    return done


def _expected_requests(struck: Struck) -> list[str | None]:
    if struck.archived:
        return []
    return [f"bytes={struck.partial}-" if struck.partial else None]
