"""The README's commands do what it says; none is left untried."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from ssl import SSLContext

import pytest

from tests.end_to_end.conftest import TUTORIAL, built, first  # noqa: F401
from tests.support.checkouts import ROOT, Checkout, check_out
from tests.support.servers import file, serving

README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci/run").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:<!-- (\w+) -->\n)?```sh\n(.*?)```", re.DOTALL)
SET_UP = ("run", "test")


def blocks(kind: str) -> list[str]:
    return [text for marker, text in BLOCK.findall(README) if marker == kind]


def commands(kind: str) -> list[str]:
    lines = [line for block in blocks(kind) for line in block.splitlines()]
    return [" ".join(shlex.split(line, comments=True)) for line in lines]


def run(command: str, checkout: Checkout) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=checkout.root,
        env={**os.environ, **checkout.environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_every_command_is_marked_with_who_tries_it() -> None:
    assert {marker for marker, _ in BLOCK.findall(README)} <= {*SET_UP, "try", "online", "long"}


@pytest.mark.parametrize("kind", SET_UP)
def test_ci_runs_the_set_up_commands_as_they_stand(kind: str) -> None:
    assert len(blocks(kind)) == 1
    assert f'eval "$(readme {kind})"' in CI


@pytest.mark.timeout(400)  # a dozen whole builds' worth of commands
def test_every_offline_command_does_what_it_says(built: Checkout) -> None:  # noqa: F811
    for command in commands("try"):
        done = run(command, built)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


@pytest.mark.slow
def test_every_online_command_does_what_it_says(tmp_path: Path, tls: SSLContext) -> None:
    """The names are the zoo's, the bytes the embedded network's, the server is on loopback."""
    [archive] = (ROOT / "embedded").glob("*.tar.gz")
    checkout = check_out(tmp_path / "workspace")
    names = {TUTORIAL, *re.findall(r"doit smoke:(\S+)", "\n".join(commands("online")))}
    with serving(file(archive.read_bytes()), tls=tls) as server:
        table = "".join(
            f'[networks.{name}]\nsources = ["{server.url(name)}.tar.gz"]\n' for name in names
        )
        (checkout.root / "config/zoo.toml").write_text(table)
        checkout.configure(f'[projects.cube_faces]\nlabels = ["one"]\nnetworks = ["{TUTORIAL}"]\n')
        for command in commands("online"):
            done = run(command, checkout)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            assert "deferred" not in done.stdout


def test_the_cleaning_commands_leave_the_clone(built: Checkout) -> None:  # noqa: F811
    for command in commands("try"):
        if "clean" in command:
            assert run(command, built).returncode == 0
    assert not (built.root / "cube_faces").exists()
    assert not (built.root / ".tod").exists()


def test_every_relative_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
