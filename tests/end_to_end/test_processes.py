"""Interrupts, kills, and more than one process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from ssl import SSLContext

import pytest

from tests.end_to_end.conftest import EMBEDDED, did
from tests.support.archives import zoo_archive, zoo_files
from tests.support.checkouts import Checkout, check_out
from tests.support.servers import dripping, file, serving


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    zoo_archive(tmp_path / "small.tar.gz", zoo_files(size=200_000))
    return (tmp_path / "small.tar.gz").read_bytes()


def configure(checkout: Checkout, **sources: str) -> None:
    tables = "".join(f'[networks.{name}]\nsources = ["{url}"]\n' for name, url in sources.items())
    checkout.configure(f'[projects.cubes]\nlabels = ["one"]\nnetworks = {list(sources)}\n{tables}')


def wait_for_partial(cache: Path) -> None:
    for _ in range(200):
        if any(path.stat().st_size > 10_000 for path in cache.rglob("*.part*")):
            return
        time.sleep(0.05)
    raise AssertionError("no download began")


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP"],
)
def test_an_interrupt_is_one_line_and_the_next_run_goes_on(
    tmp_path: Path, archive: bytes, tls: SSLContext, number: signal.Signals, code: int
) -> None:
    checkout = check_out(tmp_path / "workspace")
    with serving(dripping(archive, 60, 0.2), file(archive), tls=tls) as server:
        configure(checkout, small=server.url())
        process = checkout.start("extract")
        wait_for_partial(tmp_path / "cache")
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=20)
        assert process.returncode == code, (out, err)
        assert "Traceback" not in out + err
        assert err.splitlines()[-1] == "stopped; run `doit` again to go on"
        assert "nothing to do" not in out
        assert "done" not in out
        assert checkout.doit("extract").code == 0
    assert (checkout.root / "pre-trained/small/pipeline.config").is_file()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_an_interrupt_of_two_at_a_time_ends_them_all(
    tmp_path: Path, archive: bytes, tls: SSLContext, number: signal.Signals, code: int
) -> None:
    checkout = check_out(tmp_path / "workspace")
    with (
        serving(dripping(archive, 60, 0.2), tls=tls) as one,
        serving(dripping(archive, 60, 0.2), tls=tls) as two,
    ):
        configure(checkout, a=one.url("a.tar.gz"), b=two.url("b.tar.gz"))
        process = checkout.start("-n", "2", "extract")
        wait_for_partial(tmp_path / "cache")
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=20)
        assert process.returncode == code, (out, err)
        assert "Traceback" not in out + err
        assert err.splitlines()[-1] == "stopped; run `doit` again to go on"
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


def test_a_killed_run_is_finished_by_the_next(
    tmp_path: Path, archive: bytes, tls: SSLContext
) -> None:
    checkout = check_out(tmp_path / "workspace")
    with serving(dripping(archive, 60, 0.2), file(archive), tls=tls) as server:
        configure(checkout, small=server.url())
        process = checkout.start("extract")
        wait_for_partial(tmp_path / "cache")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)
        done = checkout.doit("extract")
        assert done.code == 0, done.said
    assert checkout.doit("extract").out.startswith("nothing to do")
    assert not list((tmp_path / "cache/partial").glob("*.part"))


def test_four_networks_two_at_a_time(tmp_path: Path, archive: bytes, tls: SSLContext) -> None:
    checkout = check_out(tmp_path / "workspace")
    with serving(file(archive), tls=tls) as server:
        names = ("a", "b", "c", "d")
        configure(checkout, **{name: server.url(f"{name}/net.tar.gz") for name in names})
        done = checkout.doit("-n", "2", "scaffold")
    assert done.code == 0, done.said
    steps = {f"{step}:{name}" for name in names for step in ("download", "verify", "extract")}
    assert did(done) == {*steps, "scaffold:cubes"}
    assert all(line.startswith(("built", "done", " ")) for line in done.out.splitlines())


def test_two_at_a_time_gives_the_same_workspace_as_one(built: Checkout, tmp_path: Path) -> None:
    (built.root / f"pre-trained/{EMBEDDED}/pipeline.config").unlink()
    before = built.files()
    done = built.doit("-n", "2")
    assert done.code == 0, done.said
    changed = {name for name, content in built.files().items() if before.get(name) != content}
    assert changed <= {f"pre-trained/{EMBEDDED}/pipeline.config", ".tod/doit.sqlite"}


def test_two_doits_at_once_do_no_harm(tmp_path: Path, archive: bytes, tls: SSLContext) -> None:
    checkout = check_out(tmp_path / "workspace")
    with serving(file(archive), tls=tls) as server:
        configure(checkout, small=server.url())
        both = [checkout.start("scaffold"), checkout.start("scaffold")]
        ended = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert checkout.doit("scaffold").out.startswith("nothing to do")
