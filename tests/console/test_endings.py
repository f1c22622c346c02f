"""Every way in which a run may end has its true last line and exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.annotated import fill
from tests.support.archives import zoo_archive
from tests.support.checkouts import Checkout, Finished, check_out

NO_PROJECT = ""
NO_NETWORK = '[projects.cubes]\nlabels = ["one"]\nnetworks = []\n'
ONE_NETWORK = NO_NETWORK.replace("[]", '["good"]') + '[networks.good]\nsources = ["good.tar.gz"]\n'
AWAY = ONE_NETWORK.replace('["good"]', '["good", "away"]') + (
    '[networks.away]\nsources = ["https://127.0.0.1:9/away.tar.gz"]\n'
)
REFUSED = ONE_NETWORK.replace("good.tar.gz", "README.tar.gz")


UP_TO_DATE = "nothing to do: everything is up to date"

# What is configured, what is asked for, the exit code, and the line that sums up.
Ending = tuple[str, Sequence[str], int, str]
ENDINGS: dict[str, Sequence[Ending]] = {
    "nothing is named": (
        (NO_PROJECT, [], 0, "nothing to do: config/workspace.toml names no project"),
        (NO_NETWORK, ["smoke"], 0, "nothing to do: config/workspace.toml names no network"),
        (NO_NETWORK, ["smoke:nothing*"], 0, "nothing to do: no task has such a name"),
    ),
    "built, and again": (
        (ONE_NETWORK, ["scaffold"], 0, "done: 4 built"),
        (ONE_NETWORK, ["scaffold"], 0, UP_TO_DATE),
        (ONE_NETWORK, ["-a", "scaffold"], 0, "done: 1 built, 3 up to date"),
        (ONE_NETWORK, ["-n", "2", "scaffold"], 0, UP_TO_DATE),
        (ONE_NETWORK, ["show", "good"], 0, "             doit scaffold:cubes"),
        (
            ONE_NETWORK,
            ["catalogue", "--max-ms", "0"],
            0,
            "no network matches; `doit catalogue` shows all",
        ),
    ),
    "deferred": (
        (AWAY, ["scaffold"], 0, "done: 4 built, 3 deferred"),
        (AWAY, ["scaffold"], 0, "nothing to do: everything else is up to date"),
    ),
    "failed": (
        (REFUSED, ["scaffold"], 1, "not all is done: 2 built, 1 failed, 1 not run"),
        (REFUSED, ["scaffold"], 1, "not all is done: 2 up to date, 1 failed, 1 not run"),
    ),
    "ignored": (
        (NO_NETWORK, ["scaffold"], 0, "done: 1 built"),
        (NO_NETWORK, ["ignore", "scaffold:cubes"], 0, "ignoring scaffold:cubes"),
        (NO_NETWORK, ["scaffold"], 0, "nothing to do: all that was asked for is ignored"),
    ),
    "cleaned": (
        (NO_NETWORK, ["scaffold"], 0, "done: 1 built"),
        (NO_NETWORK, ["clean", "-n"], 0, "would remove .tod/receipts/scaffold/cubes.json"),
        (NO_NETWORK, ["clean"], 0, "removed .tod/receipts/scaffold/cubes.json"),
        (NO_NETWORK, ["clean"], 0, "nothing to remove"),
    ),
}


@pytest.mark.parametrize("endings", ENDINGS.values(), ids=ENDINGS)
def test_a_run_ends_with_what_it_came_to(tmp_path: Path, endings: Sequence[Ending]) -> None:
    checkout = place(tmp_path)
    for config, words, code, line in endings:
        checkout.configure(config)
        done = checkout.doit(*words)
        assert (done.code, summary(done)) == (code, line), done.said


def place(folder: Path) -> Checkout:
    """A workspace with an archive, and a file that is none."""
    checkout = check_out(folder / "workspace", TOD_OFFLINE="1")
    zoo_archive(checkout.root / "good.tar.gz")
    (checkout.root / "README.tar.gz").write_text("no archive")
    return checkout


def summary(done: Finished) -> str:
    """The last line of standard output, but for what is deferred."""
    return done.out.partition("\ndeferred:")[0].splitlines()[-1]


def test_the_doctor_has_the_last_word_unless_steps_were_asked_for(tmp_path: Path) -> None:
    checkout = place(tmp_path)
    checkout.configure(NO_NETWORK)
    ill = checkout.doit("doctor:cubes")
    assert ill.code == 1
    assert ill.err == "failed     doctor:cubes: 1 error, see above\n"
    assert summary(ill) == "         -> add one to config/workspace.toml"

    for shade, split in enumerate(("train", "test")):
        folder = checkout.root / f"cubes/images/{split}"
        fill(folder, (split,), ("one", 8, 8, 30, 30), shade=shade * 100)
    both = checkout.doit("doctor", "records")
    assert (both.code, both.err) == (0, ""), both.said
    assert summary(both) == "done: 1 built, 1 up to date"

    well = checkout.doit("doctor:cubes")
    assert (well.code, well.err) == (0, "")
    assert summary(well) == summary(ill)
