"""No terminal obeys a string from outside: real runs on a pipe and on a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import unicodedata

import pytest

from tests.support.annotated import fill, xml
from tests.support.archives import NETWORK, file_member, folder_member, tar_gz
from tests.support.checkouts import Checkout, check_out
from tests.support.servers import raw, serving

NASTY = "\x1b]0;x\x07\x9b1m\x7f\u202e\u200b\u2028[red]"
TOML = r"\u001b]0;x\u0007\u009b1m\u007f\u202e\u200b\u2028[red]"
OWN_SEQUENCES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # colours and movements, of rich alone
WORKSPACE = """
[projects.cubes]
labels = ["one"]
networks = ["refused", "hostile"]

[networks.refused]
sources = ["{url}"]
archive = {{ size = 9, sha256 = "{digest}", confidence = "confirmed", source = "a test" }}

[networks.hostile]
sources = ["hostile.tar.gz"]
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Nasty names of pictures, labels, members of an archive, and items of a label map."""
    made = check_out(tmp_path_factory.mktemp("nasty") / "workspace")
    member = file_member(f"{NETWORK}/{NASTY}", b"x")
    (made.root / "hostile.tar.gz").write_bytes(tar_gz([folder_member(NETWORK), member]))
    train = made.root / "cubes/images/train"
    fill(train, (f"a{NASTY}", "b"))
    (train / "b.xml").write_bytes(xml((NASTY.replace("\x1b", ""), 1, 2, 30, 40)))
    (train / f"c{NASTY}.txt").write_text(NASTY)
    label_map = made.root / "cubes/training/label_map.pbtxt"
    label_map.parent.mkdir(parents=True)
    label_map.write_text(f"item {{ id: 1 name: 'o{NASTY}' }}")
    return made


def on_a_terminal(checkout: Checkout, *words: str) -> str:
    """What a terminal of 200 columns is sent."""
    main, side = pty.openpty()
    environment = {**os.environ, **checkout.environment, "TERM": "xterm", "COLUMNS": "200"}
    process = subprocess.Popen(
        [sys.executable, "-m", "doit", *words],
        cwd=checkout.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=side,
        stderr=side,
    )
    os.close(side)
    told = b""
    try:
        while piece := os.read(main, 65536):
            told += piece
    except OSError:  # the other end is closed
        pass
    os.close(main)
    process.wait(timeout=60)
    return OWN_SEQUENCES.sub("", told.decode().replace("\r\n", "\n").replace("\r", "\n"))


def assert_harmless(told: str) -> None:
    found = {c for c in told if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert found <= {"\n", "\t"}, told
    assert "Traceback" not in told


def test_strings_from_outside_are_harmless_on_a_pipe_and_on_a_terminal(checkout: Checkout) -> None:
    status = f"HTTP/1.1 403 {NASTY[:8]}\x9b1m\r\nContent-Length: 0\r\n\r\n"
    with serving(*[raw(status.encode("latin-1"))] * 8) as server:
        checkout.configure(WORKSPACE.format(url=server.url(), digest="0" * 64))
        piped = checkout.doit("scaffold", "records", "doctor")
        drawn = on_a_terminal(checkout, "scaffold", "records", "doctor")
    for told in (piped.said, drawn):
        assert_harmless(told)
        assert r"\x1b]0;x" in told
    for words in (["show", NASTY], [NASTY], [f"smoke:{NASTY}"], ["info", NASTY], ["clean", "-n"]):
        assert_harmless(checkout.doit(*words).said)
    for log in (checkout.root / ".tod/logs").iterdir():
        assert "\x1b" not in log.read_text(encoding="utf-8"), log
    checkout.configure(
        f'[projects.cubes]\nlabels = ["{TOML}"]\nnetworks = ["{TOML}"]\n"{TOML}" = 1'
    )
    assert_harmless(checkout.doit("list").said)
