"""What figures are measured on; the memory that one network took is not that of the one before."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tasks.inference import machine


class Config:
    """As much of `tf.config` as is asked."""

    class threading:  # noqa: N801
        @staticmethod
        def get_intra_op_parallelism_threads() -> int:
            return 0

    class experimental:  # noqa: N801
        @staticmethod
        def get_device_details(device: SimpleNamespace) -> dict[str, str]:
            return {"device_name": "Example GPU"} if device.name == "named" else {}

    def __init__(self, *devices: str) -> None:
        self._devices = [SimpleNamespace(name=name) for name in devices]

    def list_physical_devices(self, kind: str) -> list[SimpleNamespace]:
        assert kind == "GPU"
        return self._devices


def tensorflow(*devices: str) -> SimpleNamespace:
    return SimpleNamespace(__version__="2.21.0", config=Config(*devices))


def test_a_machine_has_a_name_and_a_size() -> None:
    here = machine.this_machine(tensorflow())
    assert here.processor
    assert here.device == "CPU"
    assert here.threads == machine.processors() <= (os.cpu_count() or 1)
    assert here.tensorflow == "2.21.0"


def test_graphics_processors_are_named() -> None:
    assert machine.this_machine(tensorflow("named", "GPU:1")).device == "Example GPU, GPU:1"


@pytest.mark.parametrize(("value", "threads"), [("3", 3), ("0", None), ("many", None), ("", None)])
def test_threads_are_those_that_tensorflow_was_told_to_use(
    monkeypatch: pytest.MonkeyPatch, value: str, threads: int | None
) -> None:
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", value)
    assert machine.threads(tensorflow()) == (threads or machine.processors())


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux counts")
def test_memory_that_is_held_is_seen() -> None:
    before = machine.used_memory()
    held = bytearray(50_000_000)
    after = machine.used_memory()
    assert before is not None
    assert after is not None
    assert after - before > len(held) // 2


def test_a_system_that_tells_nothing_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert machine.processors() == os.cpu_count()
    assert machine.total_memory() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")
@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="/proc is read-only")
def test_a_peak_is_forgotten() -> None:
    large = np.ones(200_000_000, np.uint8)
    before = machine.peak_memory()
    del large
    machine.reset_peak_memory()
    after = machine.peak_memory()
    assert before is not None
    assert after is not None
    assert before - after > 150_000_000


def test_a_system_that_counts_nothing_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert machine.peak_memory() is None
