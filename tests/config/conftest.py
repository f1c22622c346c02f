"""A workspace with a small configuration, to be broken."""

from __future__ import annotations

import pytest

from tasks.core.paths import Workspace

CATALOGUE = """
[labels.fruit]
apple = 1
pear = 3

[pictures.bowl]
source = "https://example.org/bowl.jpg"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

[networks.first_net]
sources = ["https://example.org/first_net.tar.gz"]
labels = "fruit"
smoke_picture = "bowl"
expect = { label = "apple", score = 0.5 }

[networks.second_net]
sources = ["archives/second_net.tar.gz"]
labels = ["a", "b"]
archive = { size = 3, confidence = "confirmed" }
"""

OWN = """
[projects.cubes]
labels = ["one", "two"]
networks = ["first_net"]

[settings]
retries = 2
"""


@pytest.fixture
def small(workspace: Workspace) -> Workspace:
    """A workspace with two networks and one project."""
    workspace.config.mkdir()
    (workspace.config / "zoo.toml").write_text(CATALOGUE, encoding="utf-8")
    (workspace.config / "workspace.toml").write_text(OWN, encoding="utf-8")
    return workspace
