"""Networks that were built once, and jobs that run them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest

from tasks.config.types import Config, Network, Settings
from tasks.core.paths import Workspace
from tasks.core.receipts import write
from tasks.pipeline.job import NetworkJob
from tasks.pipeline.receipts import ExtractReceipt

MakeJob = Callable[..., NetworkJob]

ODD = {
    "input": "input",
    "count": "output_0",
    "scores": "output_1",
    "classes": "output_2",
    "boxes": "output_3",
    "first_class": 1,
}
"""The signature of the network `odd`."""


def install(workspace: Workspace, source: Path, name: str) -> None:
    """Put a network where extraction would, with its receipt."""
    shutil.copytree(source, workspace.network(name), dirs_exist_ok=True)
    receipt = ExtractReceipt(definition="d", tree="t", checkpoint_prefix="checkpoint/ckpt-0")
    write(workspace.receipt("extract", name), receipt)


def job_of(
    workspace: Workspace,
    saved_models: Path,
    model: str,
    *,
    smoke_timeout: float = 100.0,
    smoke_image: str = "",
    **fields: object,
) -> NetworkJob:
    """One of the saved models, installed, and the job that runs it."""
    network = msgspec.convert({"name": model, "sources": ("x",), **fields}, Network)
    install(workspace, saved_models / model, network.name)
    settings = Settings(smoke_timeout=smoke_timeout, smoke_image=smoke_image)
    config = Config(networks={network.name: network}, projects={}, settings=settings)
    return NetworkJob(config, workspace, network=network)


@pytest.fixture
def make_job(workspace: Workspace, saved_models: Path) -> MakeJob:
    """`make_job(model, smoke_image=…, smoke_timeout=…, **fields of Network)`: `job_of` in this
    test's workspace."""
    return partial(job_of, workspace, saved_models)
