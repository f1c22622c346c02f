"""The configuration as it is shipped, and rows to choose from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.config.load import load
from tasks.config.types import Config
from tasks.core.paths import Workspace
from tasks.zoo.entries import Entry

CONFIG = Path(__file__).parents[2] / "config"
ZOO = 43


def ship(workspace: Workspace, own: str = "") -> Config:
    """Give the workspace the shipped configuration, with `own` added to workspace.toml."""
    workspace.config.mkdir(parents=True)
    for name in ("zoo.toml", "workspace.toml"):
        (workspace.config / name).write_bytes((CONFIG / name).read_bytes())
    with open(workspace.config / "workspace.toml", "a", encoding="utf-8") as file:
        file.write(own)
    return load(workspace)


def row(name: str, **facts: Any) -> Entry:
    """A row of which nothing is known but what is given."""
    return Entry(
        **{
            "name": name,
            "title": "",
            "family": "other",
            "origin": "zoo",
            "finds": ("boxes",),
            "input_size": None,
            "resizer": "",
            "speed_ms": None,
            "map_boxes": None,
            "map_masks": None,
            "map_keypoints": None,
            "size": None,
            "installed": False,
            "projects": (),
            "trainable": True,
            "licence": "",
            **facts,
        }
    )
