"""What the options of an import ask for."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from tasks.config.types import Config, Project
from tasks.core.errors import UsageError
from tasks.importing.places import PLACES
from tasks.importing.source import COMMAND
from tasks.importing.write import How

WAYS: tuple[How, ...] = ("copy", "link", "refer")


class Choice(Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        format: None to have it guessed.
        into: one of `PLACES`, for all pictures; None to go by the source.
        replace: annotations of the project that differ from the source's are replaced.
    """

    project: Project
    format: str | None = None
    how: How = "copy"
    into: str | None = None
    replace: bool = False


def parse(options: Mapping[str, object], config: Config) -> Choice:
    """The options as they are meant.

    Raises:
        UsageError: a value is none that its option takes.
    """
    how, into = str(options.get("pictures") or config.settings.import_pictures), options.get("into")
    way = next((way for way in WAYS if way == how), None)
    if way is None:
        raise UsageError(COMMAND, f"--pictures: expected {', '.join(WAYS)}; found {how}")
    if into is not None and into not in PLACES:
        raise UsageError(COMMAND, f"--into: expected {', '.join(PLACES)}; found {into}")
    wanted = options.get("format")
    return Choice(
        project=_project(options.get("project"), config),
        format=str(wanted) if wanted else None,
        how=way,
        into=str(into) if into else None,
        replace=bool(options.get("replace")),
    )


def _project(name: object, config: Config) -> Project:
    """The project of that name; the only one, if none is named."""
    names = ", ".join(config.projects) or "none"
    if name:
        if str(name) not in config.projects:
            raise UsageError(COMMAND, f"there is no project {name}", f"there is: {names}")
        return config.projects[str(name)]
    if len(config.projects) != 1:
        raise UsageError(COMMAND, "no project is named", f"--project: one of {names}")
    return next(iter(config.projects.values()))
