"""Checkouts of this project with networks and projects of the benchmarks' own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.archives import Made
from benchmarks.measure import Sample, environment, peak_memory, process
from tests.support.checkouts import check_out


@dataclass(frozen=True)
class Place:
    """A checkout, and the cache that it uses."""

    root: Path

    @property
    def cache(self) -> Path:
        return self.root.with_name(self.root.name + "-cache")

    def doit(self, *words: str) -> Sample:
        """Run `doit` here, as a process.

        Raises:
            FailedError: it ended with another exit code than 0.
        """
        return process(self._doit(*words), self.root, self.surroundings)

    def peak_memory(self, *words: str) -> int:
        """The peak memory of the same, in bytes."""
        return peak_memory(self._doit(*words), self.root, self.surroundings)

    def _doit(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "doit", *words]

    @property
    def surroundings(self) -> dict[str, str]:
        return environment(TOD_CACHE=str(self.cache))

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self.cache, ignore_errors=True)


def fresh(
    root: Path,
    sources: Mapping[str, str],
    projects: Mapping[str, Iterable[str]],
    made: Iterable[Made] = (),
) -> Place:
    """A checkout as it was cloned, with this configuration; what was there is removed.

    What is `made` has its digest recorded: without one nothing is fetched over plain http.

    Its modules come compiled, as an installed contender's are.
    """
    place = Place(root)
    place.remove()
    check_out(root)
    (root / "config/workspace.toml").write_text(configuration(sources, projects, made))
    return place


def configuration(
    sources: Mapping[str, str], projects: Mapping[str, Iterable[str]], made: Iterable[Made]
) -> str:
    """A workspace.toml: network → its source, project → its networks."""
    tables = [f'[networks.{name}]\nsources = ["{source}"]\n' for name, source in sources.items()]
    tables += [
        f'[networks.{each.network}.archive]\nsha256 = "{each.sha256}"\nconfidence = "confirmed"\n'
        for each in made
    ]
    for name, networks in projects.items():
        listed = ", ".join(f'"{network}"' for network in networks)
        tables.append(f'[projects.{name}]\nlabels = ["one", "two"]\nnetworks = [{listed}]\n')
    return "\n".join(tables)
