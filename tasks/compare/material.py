"""All that the page is made from, once it has been read."""

from __future__ import annotations

from msgspec import Struct

from tasks.compare.survey import Survey
from tasks.compare.thumbnails import Thumbnail
from tasks.config.types import Network
from tasks.inference.report import Report
from tasks.inference.results import Accuracy, Comparison, Result, Sight


class LastBuild(Struct, frozen=True, kw_only=True):
    """What the steps left of one network.

    Attributes:
        extracted, smoked: `done`, `deferred`, or "" if there is no receipt.
        reason: why it was deferred.
        report: of the last smoke run, also of one that failed; None if there is none.
    """

    extracted: str = ""
    smoked: str = ""
    reason: str = ""
    report: Report | None = None


class Shot(Struct, frozen=True):
    """A picture that the page shows."""

    sight: Sight
    thumbnail: Thumbnail


class Material(Struct, frozen=True, kw_only=True):
    """`networks` and `builds` by network's name; `tree` is lines."""

    comparison: Comparison
    networks: dict[str, Network]
    builds: dict[str, LastBuild]
    survey: Survey
    shots: tuple[Shot, ...]
    tree: tuple[str, ...]

    def title(self, network: str) -> str:
        """As the zoo prints it, else its name."""
        entry = self.networks.get(network)
        return entry.title if entry and entry.title else network

    def build(self, network: str) -> LastBuild:
        return self.builds.get(network, LastBuild())


def judged_labels(accuracy: Accuracy | None) -> frozenset[str]:
    """The labels that both the annotations and the network know."""
    return frozenset(one.label for one in accuracy.classes) if accuracy else frozenset()


def known_labels(results: tuple[Result, ...]) -> dict[str, frozenset[str]]:
    """network → its judged labels, of the networks that were judged."""
    return {one.network: judged_labels(one.accuracy) for one in results if one.accuracy}
