"""One real build, shared: TensorFlow starts once here, and each test gets a copy of the result."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.checkouts import Checkout, Finished, check_out
from tests.support.once import once

EMBEDDED = "ssd_tinynet_320x320_cube_digits"
TUTORIAL = "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8"


def did(finished: Finished, kind: str = "built") -> set[str]:
    """The tasks that ended as `kind`, as the plain lines tell."""
    return set(re.findall(rf"^{kind} +([^ ]+):(?: |$)", finished.said, flags=re.MULTILINE))


class First(NamedTuple):
    """The first build: the checkout, how `doit` ended, and the files before it."""

    checkout: Checkout
    finished: Finished
    cloned: dict[str, bytes]


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    """A checkout, and its first `doit` in a place that reaches no host."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name == "TOD_CACHE" or name.lower().endswith("_proxy"):
                patch.delenv(name)
        return First(*once(tmp_path_factory, "first", _first_build))


def _first_build(folder: Path) -> tuple[Checkout, Finished, dict[str, bytes]]:
    checkout = check_out(folder / "workspace", TOD_OFFLINE="1")
    cloned = checkout.files()
    return checkout, checkout.doit(), cloned


@pytest.fixture
def built(first: First, tmp_path: Path) -> Checkout:
    """A copy of the built workspace."""
    assert first.finished.code == 0, first.finished.said
    return copied(first.checkout.root, tmp_path)


def copied(root: Path, folder: Path) -> Checkout:
    """A copy of a workspace, file for file and time for time, in `folder`."""
    shutil.copytree(root, folder / "built", symlinks=True)
    return Checkout(folder / "built", {"TOD_CACHE": str(folder / "cache"), "TOD_OFFLINE": "1"})
