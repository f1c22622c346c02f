"""A folder for each test that lies a level deeper: the annotations that are left in it must not be
found beside the pictures of other rooms' tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    folder = tmp_path / "inside"
    folder.mkdir()
    return folder
