"""Loaded by a Dask worker (`--preload`): in the place of TensorFlow's process, something that
answers at once.

What the worker is like is told by its environment: STAND_IN_SECONDS that a picture takes,
STAND_IN_FAULT that every network has there, STAND_IN_TENSORFLOW for the version that it has.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import msgspec

from tasks.cluster import versions
from tasks.core.errors import NetworkError
from tasks.inference import child
from tasks.inference.channel import Request
from tasks.inference.measuring import MeasureReply, MeasureRequest
from tasks.inference.results import PictureResult
from tests.support.compared import figures


def found(sha256: str) -> PictureResult:
    """What is found on a picture, whoever looks."""
    share = int(sha256[:8], 16) / 16**8
    return PictureResult(sha256, ((1, share, (0.0, 0.0, share, 1.0)),))


def echo(content: bytes) -> bytes:
    """Nothing to do: for what a call costs."""
    return b""


class StandIn:
    isolation = "none"

    def run(
        self,
        request: Request,
        kind: type[Any],
        limit: float,
        phase: Callable[[str], None],
        partial: Callable[[msgspec.Raw], None],
    ) -> MeasureReply:
        if fault := os.environ.get("STAND_IN_FAULT"):
            raise NetworkError(request.network, fault, "details: a log")
        asked = msgspec.json.decode(request.body, type=MeasureRequest)
        for _, sha256 in asked.pictures:
            time.sleep(float(os.environ.get("STAND_IN_SECONDS", "0")))
            partial(msgspec.Raw(msgspec.json.encode(found(sha256))))
        return MeasureReply(figures() if asked.sample else None)

    def close(self) -> None:
        pass


def dask_setup(_: Any) -> None:
    made = StandIn()
    child.shared = lambda: made  # type: ignore[assignment,return-value]
    if version := os.environ.get("STAND_IN_TENSORFLOW"):
        vars(versions)["tensorflow_version"] = lambda: version
