"""A network is called the same way in every place that takes its name: a table of spellings by
places, for the one network that they all mean."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tasks.config.load import load
from tasks.core.paths import Workspace
from tasks.wiring import doit_hooks
from tests.support.checkouts import Checkout, Finished, check_out
from tests.support.forked import run_all

NAME = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
ADDRESS = f"download.tensorflow.org/models/object_detection/tf2/20200711/{NAME}.tar.gz"
SPELLINGS = {
    "name": NAME,
    "name in capitals": NAME.upper(),
    "printed": "SSD MobileNet V2 FPNLite 320x320",
    "printed otherwise": "ssd  mobilenet v2 FPNlite 320 × 320",
    "slug": "ssd-mobilenet-v2-fpnlite-320x320",
    "archive": f"{NAME}.tar.gz",
    "archive in capitals": f"{NAME}.tar.gz".upper(),
    "address": f"http://{ADDRESS}",
    "address of the store": f"https://storage.googleapis.com/{ADDRESS}",
    "address with a query": f"https://storage.googleapis.com/{ADDRESS}?raw=1",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = check_out(tmp_path_factory.mktemp("places") / "workspace", TOD_OFFLINE="1")
    made.configure(f'[projects.cube_faces]\nlabels = ["one"]\nnetworks = ["{NAME}"]\n')
    return made


class Place(NamedTuple):
    """A command that takes a network's name, and whether it was done with the right network."""

    words: Callable[[str], list[str]]
    is_right: Callable[[Finished], bool]


def planned(done: Finished) -> str:
    """The network that a plan's only archive is of."""
    assert done.code == 0, done
    [archive] = json.loads(done.out)["archives"]
    return str(archive["network"])


def is_named(done: Finished) -> bool:
    return NAME in done.said


PLACES = {
    "a task": Place(lambda word: ["list", f"smoke:{word}"], is_named),
    "a training": Place(lambda word: ["list", f"train:cube_faces:{word}"], is_named),
    "a run": Place(
        lambda word: [f"download:{word}"],
        lambda done: re.search(f"download: ?{NAME}", done.said) is not None,
    ),
    "a run of nothing else": Place(
        lambda word: [word],
        lambda done: re.search(f"download: ?{NAME}", done.said) is not None,
    ),
    "a plan": Place(
        lambda word: ["plan", "--json", word],
        lambda done: planned(done) == NAME,
    ),
    "a plan of a task": Place(
        lambda word: ["plan", "--json", f"download:{word}"],
        lambda done: planned(done) == NAME,
    ),
    "show": Place(lambda word: ["show", word], lambda done: done.out.splitlines()[0] == NAME),
    "accept": Place(
        lambda word: ["accept", word],
        lambda done: f"{NAME}: there is no archive" in done.said,
    ),
    "detect": Place(lambda word: ["detect", "--network", word, "dodo.py"], is_named),
    "detect, in one word": Place(lambda word: ["detect", f"--network={word}", "dodo.py"], is_named),
    "info": Place(
        lambda word: ["info", f"smoke:{word}"],
        lambda done: f"smoke:{NAME}" in done.out,
    ),
    "clean": Place(lambda word: ["clean", "-n", f"smoke:{word}"], lambda done: done.code == 0),
}


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("place", PLACES)
def test_every_spelling_means_the_network_on_the_command_line(
    checkout: Checkout, place: str, tmp_path: Path
) -> None:
    commands = [PLACES[place].words(word) for word in SPELLINGS.values()]
    ended = [
        Finished(one.code, one.out.decode(), one.err.decode())
        for one in run_all(checkout, tmp_path, commands)
    ]
    right = dict(zip(SPELLINGS, map(PLACES[place].is_right, ended), strict=True))
    assert all(right.values()), right


@pytest.mark.parametrize("kind", SPELLINGS)
def test_every_spelling_means_the_network_in_the_configuration(
    checkout: Checkout, kind: str
) -> None:
    word = SPELLINGS[kind]
    checkout.configure(
        f'[projects.cube_faces]\nlabels = ["one"]\nnetworks = ["{word}", "{NAME}"]\n'
        f'[projects.cube_faces.training_of."{word}"]\nbatch_size = 3\n'
    )
    project = load(Workspace(checkout.root)).projects["cube_faces"]
    assert project.networks == (NAME,)
    assert project.training_of[NAME].batch_size == 3
    checkout.configure(f'[projects.cube_faces]\nlabels = ["one"]\nnetworks = ["{NAME}"]\n')


@pytest.mark.parametrize(
    "pattern", ["SSD MobileNet V2 FPN*", "ssd-mobilenet-v2-fpn*", "ssd_mobilenet_v2_fpn*"]
)
def test_a_pattern_may_be_of_titles_in_any_place_that_takes_one(
    checkout: Checkout, pattern: str
) -> None:
    names = {NAME, NAME.replace("320x320", "640x640")}
    plan = json.loads(checkout.doit("plan", "--json", f"download:{pattern}").out)
    assert {item["name"] for item in plan["steps"]} == names
    done = checkout.doit(f"download:{pattern}")
    assert done.code == 0  # a pattern names nobody: what can't be reached is deferred
    assert all(f"{name}: " in done.out for name in names)


def test_the_catalogue_is_searched_by_letters_however_they_are_set(checkout: Checkout) -> None:
    for word in ("SSD MobileNet V2 FPNLite 320x320", "ssd-mobilenet-v2-fpnlite-320×320", NAME):
        rows = json.loads(checkout.doit("catalogue", "--json", word).out)
        assert [row["name"] for row in rows] == [NAME]


def test_what_is_no_variable_of_doit_is_given_back_in_its_place() -> None:
    typed = ["show", "a", "https://x/y?raw=1", "b", "name=value"]
    words, variables = ["show", "a", "b"], {"https://x/y?raw": "1", "name": "value"}
    doit_hooks.give_values_back(words, typed, variables)
    assert words == ["show", "a", "https://x/y?raw=1", "b"]
    assert variables == {"name": "value"}


def test_an_address_with_a_query_never_does_more_than_was_asked_for(tmp_path: Path) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    done = checkout.doit(f"download:{SPELLINGS['address with a query']}")
    assert done.code == 1  # it was named: what can't be reached is an error
    assert "scaffold" not in done.out
