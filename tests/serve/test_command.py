"""`doit serve` as a process: from its first line to Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tasks.core.paths import Workspace
from tasks.serve.server import MOST_REFUSALS
from tests.support.checkouts import Checkout, check_out
from tests.support.served import ADDRESS, PATH, teacher


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A teacher's checkout, with an archive in its cache and its lock."""
    made = check_out(tmp_path / "teacher")
    made.configure(f'[networks.net]\nsources = ["{ADDRESS}"]\n')
    teacher(Workspace(made.root))
    return made


def start(checkout: Checkout, *options: str) -> tuple[subprocess.Popen[str], str, int]:
    """A server, its first line, and its port."""
    process = checkout.start("serve", *options)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r":(\d+); ", line)
    assert found, (line, process.communicate(timeout=10))
    return process, line, int(found[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_it_with_what_was_served(checkout: Checkout, number: signal.Signals) -> None:
    process, line, port = start(checkout, "--port", "0")
    assert line == f"serving 1 archive (300.1 kB) at http://127.0.0.1:{port}; Ctrl-C ends it\n"
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"GET {PATH} HTTP/1.0\r\n\r\n".encode())
        while client.recv(1 << 20):
            pass
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    fetched, summary = out.splitlines()
    assert fetched.startswith(f"127.0.0.1 {PATH}: 300.1 kB, ")
    assert summary == "served 300.1 kB in 1 fetch by 1 client"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_what_is_under_way_is_told_and_counted_before_the_last_line(
    tmp_path: Path, number: signal.Signals
) -> None:
    checkout = check_out(tmp_path / "teacher")
    checkout.configure(f'[networks.net]\nsources = ["{ADDRESS}"]\n')
    teacher(Workspace(checkout.root), os.urandom(30_000_000))
    process, _, port = start(checkout, "--port", "0")
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    for client in clients:
        client.sendall(f"GET {PATH} HTTP/1.1\r\n\r\n".encode())
        came = 0
        while came < 100_000:
            came += len(client.recv(1 << 16))
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    for client in clients:
        client.close()
    assert (process.returncode, err) == (0, "")
    *fetches, summary = out.splitlines()
    assert len(fetches) == 3
    assert all(" of 30.0 MB, then it broke off" in fetch for fetch in fetches)
    assert re.fullmatch(r"served [0-9.]+ [kM]B in 3 fetches by 1 client", summary)


def test_what_was_not_served_is_counted_in_the_end(checkout: Checkout) -> None:
    process, _, port = start(checkout, "--port", "0")
    for _ in range(MOST_REFUSALS + 3):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /no HTTP/1.0\r\n\r\n")
            while client.recv(1 << 20):
                pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert len(out.splitlines()) == MOST_REFUSALS + 2
    assert out.splitlines()[-2:] == [
        "127.0.0.1: 3 more not served",
        "served 0 B in 0 fetches by 0 clients",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", "x"), "serve --port x: this is no port; a number from 1 to 65535"),
        (("--port", "70000"), "serve --port 70000: this is no port"),
        (("--address", "192.0.2.7"), "this address is not one of this machine's; name one of"),
        (("--address", "no such host"), "there is no such address; name one of"),
        (("more",), "serve: takes no words"),
    ],
    ids=str,
)
def test_what_can_not_be_served_is_one_line(
    checkout: Checkout, options: tuple[str, ...], said: str
) -> None:
    done = checkout.doit("serve", *options)
    assert done.code != 0
    assert said in done.said
    assert "Traceback" not in done.said


def test_a_port_that_is_taken_is_one_line(checkout: Checkout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = checkout.doit("serve", "--port", str(taken.getsockname()[1]))
    assert "the port is taken; choose another with --port" in done.said
    assert "Traceback" not in done.said


def test_a_lock_that_can_not_be_read_is_one_line(checkout: Checkout) -> None:
    (checkout.root / "config/zoo.lock").write_text("{")
    done = checkout.doit("serve", "--port", "0")
    assert "config/zoo.lock: not JSON" in done.said
    assert "Traceback" not in done.said
