"""The memory that one network took is not that of the one before it."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from tasks.inference import memory


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")
@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="/proc is read-only")
def test_a_peak_is_forgotten() -> None:
    large = np.ones(200_000_000, np.uint8)
    before = memory.peak()
    del large
    memory.forget_peak()
    after = memory.peak()
    assert before is not None
    assert after is not None
    assert before - after > 150_000_000


def test_a_system_that_counts_nothing_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert memory.peak() is None
