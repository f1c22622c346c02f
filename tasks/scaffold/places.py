"""Where a project's own files lie, and which of its networks get one."""

from __future__ import annotations

from pathlib import Path

from tasks.pipeline.installed import receipt_of
from tasks.pipeline.job import ProjectJob
from tasks.pipeline.receipts import FileRecord

PIPELINE = "pipeline.config"


def has_config(job: ProjectJob, name: str) -> bool:
    """Whether the project gets a pipeline.config for this network."""
    network = job.config.networks.get(name)
    return network is not None and network.pipeline_config and not network.not_trainable


def config_path(job: ProjectJob, name: str) -> Path:
    """Where the project's pipeline.config of a network lies."""
    return job.workspace.training(job.name, name) / PIPELINE


def key(job: ProjectJob, path: Path) -> str:
    return path.relative_to(job.workspace.root).as_posix()


def recorded(job: ProjectJob, name: str) -> FileRecord | None:
    """The record of the network's pipeline.config, or None: it has none, or is not here yet."""
    receipt = receipt_of(job.workspace, name) if has_config(job, name) else None
    return receipt.files.get(PIPELINE) if receipt is not None else None
