"""With no internet: what can't be reached is deferred, unless it was asked for by name."""

from __future__ import annotations

import time

import pytest

from tests.end_to_end.conftest import TUTORIAL, did
from tests.support.checkouts import Checkout, check_out
from tests.support.servers import free_port

STEPS = ("download", "verify", "extract", "smoke")


@pytest.mark.parametrize("step", STEPS)
def test_a_network_named_itself_is_an_error(built: Checkout, step: str) -> None:
    done = built.doit(f"{step}:{TUTORIAL}")
    assert done.code == 1
    assert TUTORIAL in done.err
    assert "Traceback" not in done.said


@pytest.mark.parametrize(
    "words", [["scaffold:cube_faces"], ["download"], [f"smoke:{TUTORIAL[:8]}*"]]
)
def test_a_project_a_group_and_a_glob_defer(built: Checkout, words: list[str]) -> None:
    done = built.doit(*words)
    assert done.code == 0, done.said
    assert f"deferred:  {TUTORIAL}" in done.out


def test_the_settings_can_make_it_an_error(built: Checkout) -> None:
    built.edit('# unreachable = "defer" ', 'unreachable = "fail" ')
    done = built.doit("scaffold:cube_faces")
    assert done.code == 1
    assert "not run    scaffold:cube_faces" not in done.out


def test_an_error_for_one_network_does_not_stop_the_others(built: Checkout) -> None:
    built.edit('labels = ["one", "two"]', 'labels = ["one"]')
    done = built.doit(f"download:{TUTORIAL}", "download", "scaffold")
    assert done.code == 1


def test_everything_is_found_out_within_three_seconds(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Hosts that swallow every packet: addresses of the range kept for documentation."""
    checkout = check_out(tmp_path_factory.mktemp("silent") / "workspace")
    mirrors = [f"https://127.0.0.1:{free_port()}/models" for _ in range(3)]
    checkout.edit("# mirrors = [] ", f"mirrors = {mirrors} ")
    checkout.edit(f'    "{TUTORIAL}",', f'    "{TUTORIAL}",\n    "efficientdet_d0_coco17_tpu-32",')
    began = time.monotonic()
    done = checkout.doit("scaffold:cube_faces")
    assert time.monotonic() - began < 3 + 3  # the start of Python and doit comes on top
    assert done.code == 0
    assert done.out.count("deferred:  ") == 2


def test_a_deferred_network_is_probed_again_and_nothing_else_happens(built: Checkout) -> None:
    for _ in range(2):
        done = built.doit()
        assert done.out.startswith("nothing to do: everything else is up to date")
        assert not did(done)


def test_a_trainer_named_itself_is_an_error_and_by_a_pattern_deferred(built: Checkout) -> None:
    done = built.doit("trainer", TOD_OFFLINE="1")
    assert done.code == 1
    assert "failed     trainer:zoo: it is not installed, and TOD_OFFLINE is set" in done.said
    done = built.doit("trainer:*", TOD_OFFLINE="1")
    assert done.code == 0, done.said
    assert "no network that they train is here yet" in done.out
