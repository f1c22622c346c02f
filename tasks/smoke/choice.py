"""Which picture a network is run on, and what may be asked of its labels then."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from embedded import NAME as EMBEDDED
from tasks.config.types import Config, Expectation, Network

SCENE = 4_000_012
"""Seed of the drawn scene, of `embedded.splits.EXAMPLES`: no network was taught or judged on it. It
was chosen because all six digits are on it."""


class Choice(Struct, frozen=True):
    """Where a network's picture comes from.

    Attributes:
        kind: `own`: a file of the user's; `catalogue`: a picture of the catalogue; `scene`: drawn.
        name: the file, relative to the workspace; the picture's name; or "".
    """

    kind: Literal["own", "catalogue", "scene"]
    name: str = ""


def choose(config: Config, network: Network) -> Choice:
    """The settings' picture; else that of the first project that names the network and has one;
    else the catalogue's; else the drawn scene."""
    if config.settings.smoke_image:
        return Choice("own", config.settings.smoke_image)
    for project in config.projects.values():
        if network.name in project.networks and project.smoke_image:
            return Choice("own", project.smoke_image)
    if network.smoke_picture in config.pictures:
        return Choice("catalogue", network.smoke_picture)
    return Choice("scene")


def scene_id() -> str:
    """What a receipt says of the drawn scene, where a picture has its sha256."""
    return f"scene {SCENE}"


class Demand(Struct, frozen=True):
    """What is asked of the labels; `unasked` says why something is not asked."""

    expect: Expectation | None = None
    scene_labels: bool = False
    unasked: str = ""


def demand(network: Network, wanted: Choice, used: Choice, missing: str) -> Demand:
    """What can be asked when `used` stands in for `wanted` (`missing` says why it must).

    An expectation holds for the picture that it was written for, the network's default one. The
    scene's own labels are asked of the embedded network alone: only it was taught these digits.
    """
    if used.kind == "own":
        return Demand(unasked="the picture is the user's own: what it shows is not known")
    if used != wanted:
        return Demand(unasked=f"its own picture is not at hand: {missing}")
    if used.kind == "catalogue":
        return Demand(expect=network.expect)
    if network.name == EMBEDDED:
        return Demand(expect=network.expect, scene_labels=True)
    return Demand(unasked="nothing is known of what it should find on the drawn scene")
