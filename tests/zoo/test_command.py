"""`doit catalogue` and `doit show` as they are typed."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkouts import Checkout, check_out
from tests.support.shipped import ZOO

TUTORIAL = "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return check_out(tmp_path_factory.mktemp("overview") / "workspace", TOD_OFFLINE="1")


def names(checkout: Checkout, *words: str) -> list[str]:
    """The names that `doit catalogue` gives as data."""
    done = checkout.doit("catalogue", "--json", *words)
    assert (done.code, done.err) == (0, "")
    return [row["name"] for row in json.loads(done.out)]


def test_json_is_all_that_is_written_and_holds_the_zoo(checkout: Checkout) -> None:
    done = checkout.doit("catalogue", "--json")
    assert (done.code, done.err) == (0, "")
    rows = json.loads(done.out)
    assert len([row for row in rows if row["origin"] == "zoo"]) == ZOO
    assert len({row["name"] for row in rows}) == len(rows) == ZOO + 1


def test_csv_is_all_that_is_written_and_holds_the_zoo(checkout: Checkout) -> None:
    done = checkout.doit("catalogue", "--csv")
    assert (done.code, done.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert len([row for row in rows if row["origin"] == "zoo"]) == ZOO
    assert all(None not in row and None not in row.values() for row in rows)


def test_options_and_words_may_stand_in_any_order(checkout: Checkout) -> None:
    found = names(checkout, "fpn", "--family", "ssd", "640", "--max-ms=50", "--sort", "map")
    assert found == [
        "ssd_resnet50_v1_fpn_640x640_coco17_tpu-8",
        "ssd_mobilenet_v1_fpn_640x640_coco17_tpu-8",
        "ssd_mobilenet_v2_fpnlite_640x640_coco17_tpu-8",
    ]


def test_the_front_of_the_zoo(checkout: Checkout) -> None:
    found = names(checkout, "--best", "--sort", "ms")
    assert found[0] == "centernet_mobilenetv2fpn_512x512_coco17_od"
    assert found[-1] == "efficientdet_d7_coco17_tpu-32"
    assert len(found) == 12


def test_nothing_found_is_no_error(checkout: Checkout) -> None:
    assert names(checkout, "--max-ms", "0") == []
    done = checkout.doit("catalogue", "no such network")
    assert (done.code, done.out) == (0, "no network matches; `doit catalogue` shows all\n")


@pytest.mark.parametrize("width", [20, 31, 47, 60, 80, 100, 120, 160, 200])
def test_no_width_makes_a_line_wrap_or_run_over(checkout: Checkout, width: int) -> None:
    done = checkout.doit("catalogue", COLUMNS=str(width))
    lines = done.out.splitlines()
    assert done.code == 0
    assert max(map(len, lines)) <= width
    assert lines.index("") == 1 + ZOO + 1


def test_a_pipe_gets_no_colour_and_a_terminal_does(checkout: Checkout) -> None:
    assert "\x1b" not in checkout.doit("catalogue").out
    assert "\x1b[" in on_terminal(checkout)
    assert "\x1b[3" not in on_terminal(checkout, NO_COLOR="1")


def on_terminal(checkout: Checkout, **environment: str) -> str:
    ours, theirs = pty.openpty()
    code = subprocess.run(
        [sys.executable, "-m", "doit", "catalogue", "mobilenet"],
        cwd=checkout.root,
        env={**os.environ, **checkout.environment, "TERM": "xterm", "COLUMNS": "80", **environment},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        timeout=60,
        check=False,
    ).returncode
    os.close(theirs)
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert code == 0
    return said


@pytest.mark.parametrize("kind", ["--csv", "--json"])
def test_data_are_utf8_on_every_terminal(tmp_path: Path, kind: str) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    zoo = checkout.root / "config/zoo.toml"
    zoo.write_text(zoo.read_text().replace("EfficientDet D0 512x512", "Größe Ω", 1))
    done = checkout.doit("catalogue", kind, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    titles = csv.DictReader(io.StringIO(done.out)) if kind == "--csv" else json.loads(done.out)
    assert "Größe Ω" in [row["title"] for row in titles]


AN_EMPTY_WORD = pytest.mark.xfail(reason="doit itself stumbles over it before it reads dodo.py")
TO_HEAD = [["catalogue"], ["catalogue", "--json"], ["show", TUTORIAL], ["plot"], ["clean", "-n"]]


@pytest.mark.parametrize("words", TO_HEAD, ids=" ".join)
def test_a_reader_that_went_away_is_no_fault(checkout: Checkout, words: list[str]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    assert on_stream(checkout, words, theirs) == (0, b"")


@pytest.mark.parametrize("words", TO_HEAD, ids=" ".join)
def test_a_closed_output_is_one_line_and_an_error(checkout: Checkout, words: list[str]) -> None:
    command = [sys.executable, "-m", "doit", *words]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        cwd=checkout.root,
        env={**os.environ, **checkout.environment},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1, done.stderr
    assert b"Traceback" not in done.stderr


def on_stream(checkout: Checkout, words: list[str], stream: int) -> tuple[int, bytes]:
    """Run doit with this as standard output, and close it; exit code and errors."""
    done = subprocess.run(
        [sys.executable, "-m", "doit", *words],
        cwd=checkout.root,
        env={**os.environ, **checkout.environment},
        stdin=subprocess.DEVNULL,
        stdout=stream,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(stream)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--famly", "ssd"], "option --famly not recognized; did you mean --family?"),
        (["--nothing"], "option --nothing not recognized; `doit help catalogue` tells them all"),
        (["-x"], "option -x not recognized"),
        (["--max-ms"], "option --max-ms requires argument"),
        (["--m", "3"], "option --m not a unique prefix"),
        (["--json=3"], "option --json must not have an argument"),
        (["--family", "sdd"], "--family: `sdd` is not a family; did you mean SSD?"),
        (["--max-ms", "abc"], "--max-ms: `abc` is not a number of 0 or more"),
        (["--min-map", "-1"], "--min-map: `-1` is not a number of 0 or more"),
        (["--finds", "faces"], "--finds: `faces` is not known; it takes boxes, masks, keypoints"),
        (["--sort", "speed"], "--sort: `speed` is not known"),
        (["--family="], "--family: `` is not a family"),
        pytest.param(["--family", ""], "--family: `` is not a family", marks=AN_EMPTY_WORD),
        (["--json", "--csv"], "--json and --csv exclude each other"),
        (["family=ssd"], "`family=ssd` is no option; write `--family=ssd`"),
    ],
)
def test_what_is_asked_wrongly_is_one_line_and_exit_code_3(
    checkout: Checkout, words: list[str], told: str
) -> None:
    done = checkout.doit("catalogue", *words)
    assert (done.code, done.out) == (3, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1


def test_the_help_tells_every_option(checkout: Checkout) -> None:
    done = checkout.doit("help", "catalogue")
    assert done.code == 0
    for option in ("family", "max-ms", "min-map", "finds", "installed", "best", "sort", "reverse"):
        assert max(map(len, done.out.splitlines())) <= 80
        assert re.search(rf"^  --{option}(=\w+)?  +\w", done.out, flags=re.MULTILINE), option


def test_declaring_the_plot_loads_nothing_that_draws(checkout: Checkout) -> None:
    script = """
import dodo, sys
names = {task.name for task in dodo.task_steps_on_request()}
print("plot:zoo" in names, "tasks.plot.step" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=checkout.root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True False\n"


def test_the_list_tells_of_catalogue_and_plot(checkout: Checkout) -> None:
    listed = checkout.doit("list", "-q").out.split()
    assert {"catalogue", "plot", "show"} < set(listed)


def test_show_needs_no_more_letters_than_the_terminal_has(checkout: Checkout) -> None:
    done = checkout.doit("show", TUTORIAL, PYTHONIOENCODING="ascii")
    assert (done.code, done.err) == (0, "")
    assert "arXiv:1506.01497" in done.out


def test_the_page_on_choosing_has_commands_that_work(checkout: Checkout) -> None:
    page = (Path(__file__).parents[2] / "docs/choosing.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)
    for line in block.splitlines():
        words = line.partition("#")[0].split()
        done = checkout.doit(*words[1:])
        assert (done.code, done.err) == (0, ""), line
