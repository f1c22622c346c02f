"""No command ends in a traceback for what its streams are like: letters that the encoding lacks, a
device without room, a reader that left, no stream at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import forked
from tests.support.annotated import fill
from tests.support.checkouts import Checkout, check_out
from tests.support.forked import Ended

LABELS = ["café", "漢字", "🎲"]
WORKSPACE = f"""
[projects.cubes]
labels = {json.dumps(LABELS, ensure_ascii=False)}
networks = ["own"]

[networks.own]
sources = ["Größe.tar.gz"]
title = "Größe → 漢字"
"""
# What is asked for, and the exit code. What one makes the next one looks at.
Commands = list[tuple[list[str], int]]
FEW: Commands = [
    (["scaffold"], 1),
    (["doctor"], 1),
    (["show", "own"], 0),
    (["list"], 0),
    (["catalogue", "--titles"], 0),
    (["catalogue", "--csv"], 0),
    (["clean", "-n"], 0),
]
ALL: Commands = [
    *FEW,
    (["records"], 1),
    (["list", "--all", "--status", "--deps"], 0),
    (["info", "scaffold:cubes"], 0),
    (["help", "catalogue"], 0),
    (["show", "漢字"], 3),
    (["changes"], 0),
    (["catalogue", "--json"], 0),
    (["catalogue", "--family", "漢字"], 3),
    (["adopt", "own", "naïve.tar.gz"], 3),
    (["accept", "Größe"], 3),
    (["scaffold:漢字"], 3),
    (["漢字"], 3),
    (["ignore", "doctor"], 0),
    (["forget", "doctor"], 0),
    (["info", "漢字"], 3),
    (["-o", "nowhere/漢字", "scaffold"], 3),
]
C = {"LC_ALL": "C", "PYTHONUTF8": "0"}  # ASCII, also for the names of files


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A project whose labels, pictures and network have names of many letters, one picture a name
    that is no text at all. Its network is not there, and a label is wrong."""
    checkout = check_out(tmp_path_factory.mktemp("streams") / "workspace", TOD_OFFLINE="1")
    (checkout.root / "config/workspace.toml").write_text(WORKSPACE, encoding="utf-8")
    train, test = (checkout.root / f"cubes/images/{split}" for split in ("train", "test"))
    fill(train, ("a", "naïve"), ("café", 8, 8, 30, 30))
    fill(test, ("漢字",), ("chiffré", 8, 8, 30, 30))
    (train / "a.png").rename(train / os.fsdecode(b"\xff.png"))
    return checkout


def run_all(
    checkout: Checkout, folder: Path, stream: str, commands: Commands, **environment: str
) -> list[Ended]:
    """Every command; none ends in a traceback."""
    ended = forked.run_all(
        checkout, folder, [words for words, _ in commands], stream=stream, **environment
    )
    for one in ended:
        assert b"Traceback" not in one.out + one.err, one.err.decode(errors="replace")
    return ended


def test_no_command_lacks_a_letter_where_there_is_only_ascii(
    place: Checkout, tmp_path: Path
) -> None:
    ended = run_all(place, tmp_path, "file", ALL, **C)
    assert [one.code for one in ended] == [code for _, code in ALL]
    for (words, code), one in zip(ALL, ended, strict=True):
        assert bool(one.err) == bool(code), words
        assert (one.out + one.err).isascii() or {"--json", "--csv"} & set(words), words
    told = b"".join(one.out + one.err for one in ended)
    assert rb"caf\xe9 1, \u6f22\u5b57 2, \U0001f3b2 3" in told
    assert "Größe → 漢字".encode() in ended[5].out, "data is UTF-8 all the same"


@pytest.mark.parametrize(
    ("encoding", "title"),
    [("latin-1", b"Gr\xf6\xdfe -> \\u6f22"), ("cp437", b"Gr\x94\xe1e -> \\u6f22")],
)
def test_letters_that_an_encoding_has_are_written_and_others_escaped(
    place: Checkout, tmp_path: Path, encoding: str, title: bytes
) -> None:
    ended = run_all(place, tmp_path, "file", FEW[1:3], PYTHONIOENCODING=encoding)
    assert title in ended[1].out


def test_a_device_without_room_is_one_line_and_exit_code_1(place: Checkout, tmp_path: Path) -> None:
    for one in run_all(place, tmp_path, "full", FEW):
        assert one.code == 1
        assert one.err.splitlines()[-1] == (
            b"standard output can't be written: no space left on device"
        )


def test_a_file_for_the_output_without_room_is_one_line_too(
    place: Checkout, tmp_path: Path
) -> None:
    [one] = run_all(place, tmp_path, "file", [(["-o", "/dev/full", "plot:*x"], 1)])
    assert one == Ended(1, b"", b"/dev/full can't be written: no space left on device\n")


def test_a_reader_that_left_is_no_fault(place: Checkout, tmp_path: Path) -> None:
    ended = run_all(place, tmp_path, "left", FEW)
    assert [one.code for one in ended] == [code for _, code in FEW]
    assert not any(b"standard output" in one.err for one in ended)


def test_output_that_was_asked_for_and_has_nowhere_to_go_is_told(
    place: Checkout, tmp_path: Path
) -> None:
    more = (["list", "--all", "--status"], ["info", "scaffold:cubes"], ["ignore"], ["forget", "x"])
    commands: Commands = [*FEW, *((words, 1) for words in more[:3]), (more[3], 3)]
    for one, (words, code) in zip(
        run_all(place, tmp_path, "closed", commands), commands, strict=True
    ):
        assert one.code == (code or 1), words
        if code < 3:
            assert one.err.splitlines()[-1] == (
                b"standard output can't be written: bad file descriptor"
            )


INTERRUPT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, *rest):
        if name == "tasks.core.paths":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from doit.doit_cmd import DoitMain
sys.exit(DoitMain().run(["list"]))
"""


def test_from_the_first_import_on_an_interrupt_is_one_line(place: Checkout) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT],
        cwd=place.root,
        env={**os.environ, **place.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 130
    assert done.stderr == "stopped; run `doit` again to go on\n"


@pytest.mark.parametrize(
    ("streams", "code"), [(">&-", 1), (">&- 2>&-", 1), ("2>/dev/full", 1), ("<&- >&- 2>&-", 1)]
)
def test_streams_that_are_not_there_do_no_harm(place: Checkout, streams: str, code: int) -> None:
    command = f'"{sys.executable}" -m doit scaffold {streams}'
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=place.root,
        env={**os.environ, **place.environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert b"Traceback" not in done.stdout + done.stderr
