"""Which network a word of the command line means, and what is said of a word that means none.

All commands, options and names of tasks ask here, as `config.parse` does for the configuration: a
network is called the same way everywhere, see `config.names`.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.config.names import Called, NameIndex, either
from tasks.config.types import Config, Network
from tasks.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def find(word: str, config: Config) -> Network:
    """The network that is called so: by its name, its title, its archive or an address."""
    found = called(word, config)
    if len(found) > 1:
        raise ambiguous(word, found)
    if not found:
        titles = [network.title for network in config.networks.values() if network.title]
        archive = word.rpartition("/")[2].removesuffix(".tar.gz")
        raise unknown(word, archive, [*config.networks, *titles])
    return config.networks[found[0]]


def ambiguous(word: str, names: Sequence[str]) -> UsageError:
    """The error for a word that may be each of these networks."""
    return UsageError(word, f"this may be {either(names)}", "give the name that is meant")


def matching(pattern: str, config: Config) -> tuple[str, ...]:
    """The networks whose name or title fits a pattern with `*`."""
    return _index(config).matching(pattern)


def called(word: str, config: Config) -> tuple[str, ...]:
    """The names of all networks that may be called so."""
    return _index(config).find(word)


def _index(config: Config) -> NameIndex:
    return NameIndex(Called(n.name, n.title, n.sources) for n in config.networks.values())


def unknown(word: str, name: str, known: Collection[str]) -> UsageError:
    """The error for a name that nothing has, with the names that are near."""
    import difflib

    begin = [one for one in known if name and one.casefold().startswith(name.casefold())]
    near = begin[:3] or difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    todo = f"did you mean {' or '.join(near)}?" if near else "`doit list --all` shows every name"
    return UsageError(word, "nothing has this name", todo)


def network_of_file(file: Path, config: Config) -> Network:
    """The network whose archive has this file's name."""
    found = called(file.name, config)
    if len(found) == 1:
        return config.networks[found[0]]
    why = f"this may be {either(found)}" if found else "no network's archive has this file name"
    command = shlex.join(["doit", "adopt", "NETWORK", str(file)])
    raise UsageError(f"adopt {file}", why, f"name the network: `{command}`")
