"""What is expensive is made once a session, whichever of the processes that run the tests needs it
first; the others wait for it."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from filelock import FileLock

T = TypeVar("T")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], T]) -> T:
    """What `make` gives when it is called with an empty folder; it is called once a session.

    What it makes in the folder must not be changed by any test.
    """
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = shared / f"{name}.made"
    with FileLock(shared / f"{name}.lock"):
        if not made.exists():
            (shared / name).mkdir()
            made.write_bytes(pickle.dumps(make(shared / name)))
    result: T = pickle.loads(made.read_bytes())
    return result
