"""docs/class.md: every command on the page does what it says."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkouts import ROOT, check_out
from tests.support.pages import blocks

PAGE = (ROOT / "docs/class.md").read_text(encoding="utf-8")


@pytest.mark.timeout(400)
def test_every_offline_command_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    lines = [line for block in blocks(PAGE, "try") for line in block.splitlines()]
    assert lines
    for command in lines:
        done = subprocess.run(
            shlex.split(command, comments=True),
            cwd=checkout.root,
            env={**os.environ, **checkout.environment, "PATH": path},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
