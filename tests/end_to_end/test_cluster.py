"""From a built workspace to its comparison by way of a cluster, with the real network."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import EMBEDDED
from tests.support.checkouts import ROOT, Checkout
from tests.support.clusters import NEEDS_DASK, Cluster
from tests.support.pages import blocks

pytestmark = [NEEDS_DASK, pytest.mark.slow]
PAGE = (ROOT / "docs/cluster.md").read_text(encoding="utf-8")
PIP = ".venv/bin/pip install --quiet --require-hashes"
NOTES = f".tod/measured/networks/{EMBEDDED}.json"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "cluster")
    yield made
    made.close()


def seen(checkout: Checkout) -> Any:
    """What is noted of the embedded network."""
    notes = checkout.root / NOTES
    return json.loads(notes.read_bytes())["seen"] if notes.exists() else {}


def where_dask_must_not_be_imported(folder: Path) -> dict[str, str]:
    """An environment in which importing Dask is a defect that shows."""
    for name in ("dask", "distributed"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise RuntimeError('Dask is imported')\n")
    return {"PYTHONPATH": str(folder)}


def commands(kind: str) -> list[str]:
    """The commands on the page that are marked so."""
    return [line for block in blocks(PAGE, kind) for line in block.splitlines()]


def test_every_command_on_the_page_is_marked_with_who_tries_it() -> None:
    marks = re.findall(r"(?:<!-- ([\w ]+) -->\n)?```sh", PAGE)
    assert set(marks) == {"set up", "background", "try", "simulate", "long"}
    assert commands("set up") == [f"{PIP} -r requirements-cluster.lock"]


def test_the_lock_for_clusters_is_the_usual_one_with_dask() -> None:
    def pinned(name: str) -> set[str]:
        return set(re.findall(r"^\w[^ ]*==[^ ]+", (ROOT / name).read_text(), re.MULTILINE))

    usual, cluster = pinned("requirements.lock"), pinned("requirements-cluster.lock")
    assert usual < cluster
    assert f"distributed=={version('distributed')}" in cluster - usual


def test_the_long_commands_are_there_and_the_simulation_works() -> None:
    """The proof is only asked what it takes; the simulation is done for a small cluster."""
    for kind, options in (("long", "--help"), ("simulate", "--pictures 30 --workers 1,3")):
        for command in commands(kind):
            done = subprocess.run(
                [sys.executable, *command.split()[1:], *options.split()],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
    assert re.search(r"^\| 3 \| [\d.]+ \w+ \| \d+% ", done.stdout, re.MULTILINE), done.stdout


@pytest.fixture
def background(built: Checkout) -> Iterator[str]:
    """What the page has run in the background, at a port that is free; the port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
    started = [
        subprocess.Popen(
            ["bash", "-c", f"exec env {command.replace('8786', port)}"],
            cwd=built.root,
            env=environment(built),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands("background")
    ]
    yield port
    for process in reversed(started):
        process.kill()
    for process in started:
        process.wait(20)


def environment(checkout: Checkout) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **checkout.environment, "PATH": path}


def test_what_the_pages_commands_find_is_bit_for_bit_what_one_machine_finds(
    built: Checkout, background: str, tmp_path: Path
) -> None:
    (threads,) = {re.split("[ =]", command)[1] for command in commands("background")[1:]}
    never = where_dask_must_not_be_imported(tmp_path / "none")
    alone = built.doit("measure:cube_faces", **never, TF_NUM_INTRAOP_THREADS=threads)
    assert alone.code == 0, alone.said
    expected = seen(built)
    assert len(expected) == 24
    (built.root / NOTES).unlink()
    for command in commands("try"):
        done = subprocess.run(
            ["bash", "-c", command.replace("8786", background)],
            cwd=built.root,
            env=environment(built),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    by = re.search(r"by workers: (.*?),? \d+(\.\d+)? s", done.stdout)
    assert by is not None, done.stdout
    assert sum(map(int, re.findall(r"w\d (\d+)", by[1]))) == 24
    assert seen(built) == expected


def test_a_client_that_is_killed_loses_nothing_that_was_noted(
    built: Checkout, cluster: Cluster
) -> None:
    built.edit("[settings]", f'[settings]\nscheduler = "{cluster.address}"\ntiming_worker = "w1"')
    cluster.start_worker("w1", STAND_IN_SECONDS="0.3")
    process = built.start("measure:cube_faces")
    while not (before := seen(built)):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    cluster.start_worker("w2")
    done = built.doit("measure:cube_faces")
    assert done.code == 0, done.said
    did = sum(map(int, re.findall(r"w\d (\d+)", done.out)))
    assert did == 24 - len(before)
    assert before.items() <= seen(built).items()
    (timed,) = json.loads((built.root / NOTES).read_bytes())["figures"]
    assert timed.endswith("@w1")
