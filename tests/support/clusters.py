"""A Dask scheduler and workers, each a process of its own, on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDS_DASK = pytest.mark.skipif(
    find_spec("distributed") is None, reason="Dask is not installed; requirements-dev.lock has it"
)
ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).with_name("cluster_stand_in.py")


class Cluster:
    """What was started, by name. Workers keep their networks below `folder`, each in a cache of its
    own; with `stand_in` they answer at once and start no TensorFlow (see `cluster_stand_in`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.address = ""
        self.start_scheduler()

    def start_scheduler(self) -> None:
        """Start the scheduler; another time at the same address."""
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        port = self.address.rpartition(":")[2] or "0"
        words = ["scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show"]
        self._start("scheduler", [*words, "--scheduler-file", str(file)], {})
        until = time.monotonic() + 60
        while not self.address or not file.exists():
            with suppress(OSError, ValueError):
                self.address = json.loads(file.read_text())["address"]
            assert time.monotonic() < until, "the scheduler does not start"
            time.sleep(0.05)

    def start_worker(
        self,
        name: str,
        *options: str,
        stand_in: bool = True,
        place: str = str(ROOT),
        cache: str = "",
        **environment: str,
    ) -> None:
        """Start a worker in a folder; its cache is its own, or the one of this name."""
        words = ["worker", self.address, "--name", name, "--nthreads", "1", "--no-nanny", *options]
        words += ["--no-dashboard", "--local-directory", str(self.folder / f"scratch-{name}")]
        if stand_in:
            words += ["--preload", str(STAND_IN)]
        folder = str(self.folder / f"cache-{cache or name}")
        self._start(name, words, {"TOD_CACHE": folder, **environment}, place)

    def wait_for(self, *names: str) -> None:
        """Wait until the scheduler knows these workers."""
        until = time.monotonic() + 60
        while not all("Registered to" in self.said(name) for name in names):
            assert time.monotonic() < until, "the workers do not start"
            time.sleep(0.05)

    def free_port(self) -> str:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            return str(found.getsockname()[1])

    def signal(self, name: str, number: signal.Signals) -> None:
        self.processes[name].send_signal(number)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes.pop(name).wait()

    def said(self, name: str) -> str:
        """What a process printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()

    def _start(
        self, name: str, words: list[str], environment: Mapping[str, str], place: str = str(ROOT)
    ) -> None:
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=place,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
