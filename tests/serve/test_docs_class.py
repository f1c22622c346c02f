"""docs/class.md: the commands of "Serve the class" and "A cache for all" do what the page says."""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path

import pytest

from tasks.core.paths import Workspace
from tests.serve.test_command import start
from tests.support.checkouts import ROOT, check_out
from tests.support.downloads import BODY
from tests.support.pages import blocks
from tests.support.served import ADDRESS, teacher
from tests.support.servers import free_port

PAGE = (ROOT / "docs/class.md").read_text(encoding="utf-8")


def test_a_class_is_served_as_the_page_says(tmp_path: Path) -> None:
    """The port is another, for it may be taken here."""
    [block] = blocks(PAGE, "serve")
    download, serve = (shlex.split(line, comments=True)[1:] for line in block.splitlines())
    [settings] = re.findall(r"```toml\n(\[settings\]\nmirrors.*?)```", PAGE, re.DOTALL)
    network = f'[networks.net]\nsources = ["{ADDRESS}"]\nsaved_model = false\n'
    project = '[projects.cubes]\nlabels = ["one"]\nnetworks = ["net"]\n'
    one = check_out(tmp_path / "one", TOD_OFFLINE="1")
    one.configure(network + project)
    teacher(Workspace(one.root))
    assert one.doit(*download).code == 0
    port = str(free_port())
    process, _, _ = start(one, *serve[1:-1], port)
    other = check_out(tmp_path / "other", TOD_CACHE=str(tmp_path / "others-cache"))
    other.configure(network + project + settings.replace("192.168.1.10:8000", f"127.0.0.1:{port}"))
    deferred = other.doit(*download)
    (other.root / "config/zoo.lock").write_bytes((one.root / "config/zoo.lock").read_bytes())
    done = other.doit(*download)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert deferred.code == 0
    assert "plain http, and no confirmed digest to check the answer by" in deferred.said
    assert done.code == 0, done.said
    assert "from 127.0.0.1" in done.said
    [copy] = (tmp_path / "others-cache/archives").glob("*.tar.gz")
    assert copy.read_bytes() == BODY
    assert out.splitlines()[-1] == "served 300.1 kB in 1 fetch by 1 client", (out, err)


def test_a_cache_is_for_all_as_the_page_says(tmp_path: Path, saved_archive: bytes) -> None:
    [line] = blocks(PAGE, "shared")
    [settings] = re.findall(r"```toml\n(\[settings\]\nshared.*?)```", PAGE, re.DOTALL)
    folder = tmp_path / "srv/zoo"
    variable, _, *words = line.split()
    assert variable == "TOD_CACHE=/srv/zoo"
    network = f'[networks.net]\nsources = ["{ADDRESS}"]\nlabels = ["one"]\n'
    project = '[projects.cubes]\nlabels = ["one"]\nnetworks = ["net"]\n'
    one = check_out(tmp_path / "one", TOD_OFFLINE="1")
    one.configure(network + project)
    teacher(Workspace(one.root), saved_archive)
    (tmp_path / "cache").rename(tmp_path / "cache.filled")
    folder.parent.mkdir()
    (tmp_path / "cache.filled").rename(folder)
    assert one.doit(*words, TOD_CACHE=str(folder)).code == 0
    other = check_out(tmp_path / "other", TOD_OFFLINE="1")
    other.configure(network + project + settings.replace("/srv/zoo", str(folder)))
    (other.root / "config/zoo.lock").write_bytes((one.root / "config/zoo.lock").read_bytes())
    before = sorted(path.stat().st_mtime_ns for path in folder.rglob("*"))
    done = other.doit("extract")
    assert done.code == 0, done.said
    assert f"read in place: {folder}" in done.said.replace("\n", "")
    assert (other.root / "pre-trained/net/pipeline.config").exists()
    assert not (tmp_path / "cache/archives").exists()
    assert sorted(path.stat().st_mtime_ns for path in folder.rglob("*")) == before
    assert other.doit("extract").out.startswith("nothing to do")


@pytest.fixture
def saved_archive() -> bytes:
    """The embedded network's archive."""
    [archive] = (ROOT / "embedded").glob("*.tar.gz")
    return archive.read_bytes()
