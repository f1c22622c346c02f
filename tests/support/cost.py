"""How much work a call is, in steps of Python: lines and calls of C functions. No seconds, so that
a busy machine changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps_of(call: Callable[[], object]) -> int:
    """How many lines were run, and how many functions written in C were called."""
    steps = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal steps
        steps += 1
        return trace

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal steps
        steps += event == "c_call"

    before = sys.gettrace()
    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.settrace(before)
        sys.setprofile(None)
    return steps


def growth(make: Callable[[int], Callable[[], object]], size: int, times: int = 10) -> float:
    """How much more a call costs per unit of input when its input is `times` as large: 1.0 for one
    whose cost grows as its input does, `times` for a quadratic one."""
    make(1)()  # what is imported and cached once is not counted
    small, large = (steps_of(make(n)) for n in (size, size * times))
    return large / small / times
