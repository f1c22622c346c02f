"""A class at one `doit serve`, in processes: `tests.proof.class_mirror` in small."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.proof.class_mirror import attend, teacher_in

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="what a process sent is known on Linux alone"
)


def test_a_class_gets_the_right_bytes_though_the_server_is_killed(tmp_path: Path) -> None:
    teacher = teacher_in(tmp_path, 1)
    one = attend(teacher, 1)
    five = attend(teacher, 5, kill=True)
    assert one.size <= one.sent < 1.1 * one.size
    assert 5 * five.size <= five.sent < 1.1 * 5 * five.size
    assert five.peak < one.peak + 10_000_000
