"""TOML files → tables, with every file that can't be read told as a fault. Loads tomllib, which
takes longer than all else: imported only when the compiled copy does not serve."""

from __future__ import annotations

import posixpath
import re
import tomllib
from typing import NamedTuple

from tasks.config.checks import Fault, Source, Where, entries, table, texts
from tasks.config.names import NameIndex, called
from tasks.config.reading import CATALOGUE, WORKSPACE, exported, read_file
from tasks.core.paths import Workspace
from tasks.core.text import lowered

PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")

DEEPEST = 20  # tables within tables; ours need 5


class Parsed(NamedTuple):
    """What the files hold.

    Attributes:
        sources: each file that could be read, with its bytes, in the order in which they count.
        faults: one for each that could not.
    """

    sources: list[tuple[Source, bytes]]
    faults: list[Fault]


def parse_all(workspace: Workspace) -> Parsed:
    """Parse the catalogue, the workspace's file, and the catalogues that it names."""
    parsed = Parsed([], [])
    add(parsed, workspace, CATALOGUE)
    own = add(parsed, workspace, WORKSPACE, is_workspace=True)
    # A network of the workspace's own file comes last, after those of the files that it names.
    last = parsed.sources.pop() if own is not None else None
    seen = {CATALOGUE, WORKSPACE}
    for index, name in texts(table(own or {}, "settings").get("catalogues")):
        where: Where = ("settings", "catalogues", index)
        file = posixpath.normpath(f"config/{name}")
        if file in seen:
            parsed.faults.append(Fault(WORKSPACE, where, f"expected each file once: {file}"))
            continue
        seen.add(file)
        add(parsed, workspace, file, named_by=where)
    for file in exported(workspace):
        add(parsed, workspace, file)
    if last is not None:
        parsed.sources.append(last)
    sources = [source for source, _ in parsed.sources]
    enter_exports(sources)
    settle_names(sources)
    return parsed


def enter_exports(sources: list[Source]) -> None:
    """Give each project the networks that were exported from its trainings."""
    projects = {name: project for _, (_, name), project in entries(sources, "projects")}
    for project in projects.values():
        project["exports"] = []
    for _, (_, name), network in entries(sources, "networks"):
        if (of := str(network.get("project", ""))) in projects:
            projects[of]["exports"].append(name)


def settle_names(sources: list[Source]) -> None:
    """Put each network's name where a project calls it by its title, archive or address, once."""
    index = NameIndex(called(name, entry) for _, (_, name), entry in entries(sources, "networks"))

    def name_of(word: str) -> str:
        found = index.find(word)
        return found[0] if len(found) == 1 else word

    for _, _, project in entries(sources, "projects"):
        words = project.get("networks")
        if isinstance(words, list):
            named = [name_of(w) if isinstance(w, str) else w for w in words]
            # One that is called twice counts once; where any is wrong, its place is told as it is.
            is_plain = all(isinstance(name, str) and name in index.networks for name in named)
            project["networks"] = list(dict.fromkeys(named)) if is_plain else named
        own = table(project, "training_of")
        for word in [word for word in own if name_of(word) not in own]:
            own[name_of(word)] = own.pop(word)


def add(
    parsed: Parsed,
    workspace: Workspace,
    file: str,
    *,
    is_workspace: bool = False,
    named_by: Where = (),
) -> dict[str, object] | None:
    """Parse one file into `parsed`; the answer is its tables, None if it can't be read.

    Args:
        named_by: the place in the workspace's file that names it: a missing one is its fault.
    """
    try:
        content = read_file(workspace.root / file)
    except (OSError, ValueError) as error:  # ValueError: a path that no system can have
        reason = lowered(getattr(error, "strerror", None) or str(error))
        why = f"expected a file at {file}: {reason}" if named_by else f"expected a file: {reason}"
        parsed.faults.append(Fault(WORKSPACE if named_by else file, named_by, why))
        return None
    try:
        data = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        parsed.faults.append(Fault(file, (), syntax_fault(error, content)))
        return None
    if excess := excesses(data):
        parsed.faults.extend(Fault(file, where, why) for where, why in excess)
        return None
    parsed.sources.append((Source(file, data, is_workspace), content))
    return data


def excesses(data: dict[str, object]) -> list[tuple[Where, str]]:
    """What this parser takes for TOML, and nothing behind it could handle."""
    found: list[tuple[Where, str]] = []
    left: list[tuple[Where, object]] = [((), data)]
    while left:
        where, value = left.pop()
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            found.append((where, "expected a whole number of at most 64 bits"))
        elif isinstance(value, float) and value != value:
            found.append((where, "expected a number; found nan"))
        elif isinstance(value, (dict, list)) and len(where) > DEEPEST:
            found.append((where[:3], "expected tables that are nested less deeply"))
        elif isinstance(value, dict):
            left += [((*where, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            left += [((*where, index), item) for index, item in enumerate(value)]
    return found


def syntax_fault(error: Exception, content: bytes) -> str:
    """A fault of TOML's syntax in one line, the place first."""
    if isinstance(error, UnicodeDecodeError):
        line = content.count(b"\n", 0, error.start) + 1
        return f"line {line}: expected UTF-8 text, found the byte 0x{content[error.start]:02x}"
    if isinstance(error, RecursionError):
        return "expected brackets that are nested less deeply"
    message = lowered(str(error))
    match = PLACE.search(message)
    if match is None:
        return f"expected TOML: {message}"
    place = f"line {match[1]}, column {match[2]}" if match[1] else "at the end"
    return f"{place}: {message[: match.start()]}"
