"""Projects and installed networks, made without any step but the one under test."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tasks.config.types import Config, Network, Project, Training
from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.pipeline.job import ProjectJob, Silent
from tasks.pipeline.receipts import ExtractReceipt, FileRecord, ScaffoldReceipt
from tasks.scaffold import step

PIPELINE = b"model {\n  ssd {\n    num_classes: 90  # COCO\n  }\n}\n"

# What a project of one network `net` and two labels gets for it.
TAILORED = b"""model {
  ssd {
    num_classes: 2  # COCO
  }
}
train_config {
  batch_size: 2
  num_steps: 1000
  fine_tune_checkpoint: "pre-trained/net/checkpoint/ckpt-0"
  fine_tune_checkpoint_type: "detection"
  fine_tune_checkpoint_version: V2
}
train_input_reader {
  label_map_path: "cube_faces/training/label_map.pbtxt"
  tf_record_input_reader {
    input_path: "cube_faces/training/train.record"
  }
}
eval_input_reader {
  label_map_path: "cube_faces/training/label_map.pbtxt"
  tf_record_input_reader {
    input_path: "cube_faces/training/test.record"
  }
}
"""


def network(name: str, *, pipeline_config: bool = True) -> Network:
    return Network(name=name, sources=(f"{name}.tar.gz",), pipeline_config=pipeline_config)


def project_job(
    workspace: Workspace,
    *networks: str | Network,
    name: str = "cube_faces",
    labels: tuple[str, ...] | dict[str, int] = ("one", "two"),
    label_map: str = "label_map.pbtxt",
    training: Training | None = None,
) -> ProjectJob:
    """The job that scaffolds one project that uses these networks."""
    known = [n if isinstance(n, Network) else network(n) for n in networks]
    names = tuple(n.name for n in known)
    project = Project(
        name=name,
        labels=labels,
        networks=names,
        label_map=label_map,
        training=training or Training(),
    )
    config = Config(networks={n.name: n for n in known}, projects={name: project})
    return ProjectJob(config, workspace, project=project)


def scaffold(job: ProjectJob) -> tuple[str, ...]:
    """Scaffold as doit would; what the user is told."""
    lines = step.run(job, Silent()).lines
    assert step.why_stale(job) is None
    return lines


def install(
    workspace: Workspace, name: str, files: dict[str, bytes] | None = None
) -> ExtractReceipt:
    """A network under pre-trained/, with the receipts of its three steps."""
    files = {"pipeline.config": PIPELINE, "saved_model/saved_model.pb": b"graph"} | (files or {})
    for path, content in files.items():
        place = workspace.network(name) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        os.utime(place, (1_600_000_000, 1_600_000_000))
    recorded = {p: record(c) for p, c in files.items()}
    prefix = "checkpoint/ckpt-0"
    receipt = ExtractReceipt(definition="d", files=recorded, checkpoint_prefix=prefix)
    receipts.write(workspace.receipt("extract", name), receipt)
    for before in ("download", "verify"):
        receipts.write(workspace.receipt(before, name), receipts.Receipt(definition="d"))
    return receipt


def defer(workspace: Workspace, name: str) -> None:
    """The receipts of a network whose host can't be reached."""
    for before in ("download", "verify", "extract"):
        place = workspace.receipt(before, name)
        receipts.write(place, ExtractReceipt(definition="d", status="deferred", reason="no route"))


def record(content: bytes) -> FileRecord:
    return FileRecord(len(content), hashlib.sha256(content).hexdigest(), 1_600_000_000)


def scaffold_receipt(workspace: Workspace, name: str = "cube_faces") -> ScaffoldReceipt:
    receipt = receipts.read(workspace.receipt("scaffold", name), ScaffoldReceipt)
    assert receipt is not None
    return receipt


def tree(folder: Path) -> dict[str, bytes | str]:
    """All below a folder: path → content; `folder`, or where a link leads."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[key] = f"link to {path.readlink()}"
        else:
            found[key] = "folder" if path.is_dir() else path.read_bytes()
    return found
