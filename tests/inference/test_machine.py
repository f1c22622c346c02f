"""What figures are measured on."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tasks.inference import machine, memory


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


@pytest.mark.parametrize(("told", "threads"), [("3", 3), ("0", None), ("many", None), ("", None)])
def test_threads_are_those_that_tensorflow_was_told_to_use(
    monkeypatch: pytest.MonkeyPatch, told: str, threads: int | None
) -> None:
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", told)
    assert machine.threads(tensorflow()) == (threads or machine.processors())


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux counts")
def test_memory_that_is_held_is_seen() -> None:
    before = memory.now()
    held = bytearray(50_000_000)
    after = memory.now()
    assert before is not None
    assert after is not None
    assert after - before > len(held) // 2


def test_a_system_that_tells_nothing_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert machine.processors() == os.cpu_count()
    assert machine.total_memory() == 0
