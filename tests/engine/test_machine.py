"""What figures are measured on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.engine import machine, memory


def test_a_machine_has_a_name_and_a_size() -> None:
    here = machine.this_machine("2.21.0")
    assert here.processor
    assert 1 <= here.processors <= (os.cpu_count() or 1)
    assert here.tensorflow == "2.21.0"


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
