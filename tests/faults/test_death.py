"""Whole runs killed at random instants, each followed by a plain `doit`.

A dozen here; `python -m tests.faults.soak --instants 200 --seed 1` tries two hundred, and those in
the smoke step with TensorFlow itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support.soak import Reference, Scene, scene, undisturbed
from tests.support.soak_strikes import Struck, finish, instants, strike

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")
INSTANTS, SEED = 12, 2026


class Place(NamedTuple):
    """A scene, and what an undisturbed run leaves there."""

    scene: Scene
    reference: Reference


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with scene(tmp_path_factory.mktemp("death"), size=4 << 20, seconds=0.2) as made:
        undisturbed(made, stand_in=True)  # the first run compiles the modules
        yield Place(made, undisturbed(made, stand_in=True))


@pytest.mark.parametrize("number", range(INSTANTS))
def test_killed_at_a_random_instant_the_next_run_ends_as_an_undisturbed_one(
    number: int, place: Place
) -> None:
    instant = instants(INSTANTS, SEED, place.reference)[number]
    checkout = place.scene.fresh(stand_in=True)
    struck = strike(place.scene, checkout, instant, place.reference)
    finish(place.scene, checkout, struck, place.reference)


def test_the_check_sees_what_was_lost(place: Place) -> None:
    """It would be worth nothing if it passed over a changed file, a stray or work done twice."""
    checkout = place.scene.fresh(stand_in=True)
    nothing = Struck(0, "", frozenset(), 0, archived=False)
    (checkout.root / "pre-trained/.digits.staging-gone").write_bytes(b"")
    with pytest.raises(AssertionError, match="staging-gone"):
        finish(place.scene, checkout, nothing, place.reference)
    with pytest.raises(AssertionError, match=r"done: \[\], due: \['download:bare'"):
        finish(place.scene, checkout, nothing, place.reference)
