"""A proof that takes minutes: a cluster on this machine, with the embedded network.

    python -m tests.proof.cluster_here [--pictures 300] [--rounds 3] [--only time|strikes]

`time`: what a worker costs beside the plain run, and what two workers gain. Each run finds the
objects of the same pictures; the networks were timed before, so that nothing else is done.
TensorFlow computes with one thread everywhere, for two workers share this machine; the least of the
rounds counts, taken in turn. Goals: one worker takes at most 1.1 times as long as the plain run,
two workers on two networks do at least 1.6 times as much as one, if there are two processors.

`strikes`: a worker is killed, one frozen, the scheduler killed and started again, the client killed
and started again. Each time the notes must be, byte for byte, those of the plain run.

Ends with exit code 1 if anything is not so.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedded.dataset import write
from embedded.pack import ARCHIVE
from tests.support.checkouts import Checkout, check_out
from tests.support.clusters import Cluster

PROJECT, NETWORKS = "cube_faces", ("first", "second")
SEED, SIZE = 4_700_000, (640, 480)
LABELS = ("one", "two", "three", "four", "five", "six")
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
OVERHEAD, GAIN = 1.1, 1.6


def workspace(folder: Path, pictures: int) -> Checkout:
    """A project with these pictures and the embedded network under two names, measured."""
    checkout = check_out(folder, TOD_OFFLINE="1", **ONE_THREAD)
    checkout = Checkout(checkout.root, checkout.environment, patience=3600)
    tables = [f'[networks.{name}]\nsources = ["{ARCHIVE}"]\n' for name in NETWORKS]
    names = ", ".join(f'"{name}"' for name in NETWORKS)
    project = f'[projects.{PROJECT}]\nlabels = ["one"]\nnetworks = [{names}]\n'
    checkout.configure("".join((project, *tables, "[settings]\nread_timeout = 5.0\n")))
    write(checkout.root / PROJECT / "images/test", SEED, pictures, SIZE, LABELS)
    measure(checkout)
    return checkout


def measure(checkout: Checkout, address: str = "") -> None:
    done = checkout.doit(f"measure:{PROJECT}", **environment(address))
    if done.code:
        raise SystemExit(done.said)


def environment(address: str) -> dict[str, str]:
    return {"DASK_SCHEDULER_ADDRESS": address}


def notes(checkout: Checkout, network: str) -> Path:
    return checkout.root / f".tod/measured/networks/{network}.json"


def seen(checkout: Checkout) -> dict[str, Any]:
    """network → what is noted of each picture."""
    found = {name: notes(checkout, name) for name in NETWORKS}
    return {name: json.loads(path.read_bytes())["seen"] for name, path in found.items()}


def bytes_of(checkout: Checkout) -> dict[str, bytes]:
    return {name: notes(checkout, name).read_bytes() for name in NETWORKS}


def forget(checkout: Checkout, networks: tuple[str, ...] = NETWORKS) -> None:
    """Have these networks run on all pictures again, without timing them again."""
    for name in networks:
        content = json.loads(notes(checkout, name).read_bytes())
        notes(checkout, name).write_text(json.dumps({**content, "seen": {}}))


def cluster(folder: Path, workers: int) -> Cluster:
    made = Cluster(folder)
    names = [f"w{number}" for number in range(1, workers + 1)]
    for name in names:
        made.start_worker(name, stand_in=False, **ONE_THREAD)
    made.wait_for(*names)
    return made


def timed(checkout: Checkout, folder: Path, rounds: int, pictures: int) -> bool:
    """The three ways in turn, each with processes of its own; whether the goals are reached."""
    times: dict[str, list[float]] = {"plain": [], "one worker": [], "two workers": []}
    for number in range(rounds):
        for way, workers in (("plain", 0), ("one worker", 1), ("two workers", 2)):
            forget(checkout)
            made = cluster(folder / f"{way}-{number}", workers) if workers else None
            began = time.monotonic()
            try:
                measure(checkout, made.address if made is not None else "")
            finally:
                took = time.monotonic() - began
                if made is not None:
                    made.close()
            times[way].append(took)
            print(f"{way}: {took:.1f} s", flush=True)
    least = {way: min(found) for way, found in times.items()}
    overhead, gain = (
        least["one worker"] / least["plain"],
        least["one worker"] / least["two workers"],
    )
    what = f"{len(NETWORKS)} networks x {pictures} pictures"
    print(f"{what}: " + ", ".join(f"{way} {took:.1f} s" for way, took in least.items()))
    print(f"one worker takes {overhead:.2f} times the plain run (goal: {OVERHEAD} at most)")
    print(f"two workers do {gain:.2f} times as much as one (goal: {GAIN} at least)")
    return overhead <= OVERHEAD and (gain >= GAIN or (os.cpu_count() or 1) < 2)


def struck(checkout: Checkout, folder: Path) -> bool:
    """Each blow in the middle of a run; whether the notes are those of the plain run."""
    expected, whole, right = seen(checkout), bytes_of(checkout), True
    blows: dict[str, Callable[[Cluster, subprocess.Popen[str]], object]] = {
        "a worker is killed": lambda made, _: made.kill("w1"),
        "a worker is frozen": lambda made, _: made.signal("w1", signal.SIGSTOP),
        "the scheduler is killed and started again": lambda made, _: again(made),
        "the client is killed and started again": lambda _, client: client.kill(),
    }
    for blow, strike in blows.items():
        forget(checkout)
        made = cluster(folder / blow.replace(" ", "-"), 3)
        client = checkout.start(f"measure:{PROJECT}", **environment(made.address))
        while not any(seen(checkout).values()) and client.poll() is None:
            time.sleep(0.1)
        strike(made, client)
        said = "".join(client.communicate())
        if client.returncode:
            left = sum(len(expected[name]) - len(seen(checkout)[name]) for name in NETWORKS)
            measure(checkout, made.address)
            said += f"\nthe second run had {left} pictures left to do"
        made.close()
        is_right = bytes_of(checkout) == whole
        right = right and is_right
        print(f"{blow}: {'the same notes' if is_right else 'OTHER NOTES'}")
        print("\n".join(f"    {line}" for line in said.splitlines() if "w" in line), flush=True)
    return right


def again(made: Cluster) -> None:
    made.kill("scheduler")
    made.start_scheduler()
    for name in ("w4", "w5"):
        made.start_worker(name, stand_in=False, **ONE_THREAD)


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--pictures", type=int, default=300)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", choices=("time", "strikes"))
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="tod-tf2-cluster-") as made:
        folder = Path(made)
        checkout = workspace(folder / "workspace", given.pictures)
        right = True
        if given.only != "strikes":
            right = timed(checkout, folder, given.rounds, given.pictures)
        if given.only != "time":
            right = struck(checkout, folder) and right
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
