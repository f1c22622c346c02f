"""Every fault of the configuration, each in one line. Loaded only when something is wrong.

The schema that the files are held against is made from the types themselves, so there is no second
description of them to keep. jsonschema is used because it goes on after the first fault, which
msgspec's decoder, the fast judge in `load`, does not.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from tasks.config.checks import Fault, Source, Where, cross_faults, entries, missing_pictures
from tasks.config.reading import EXPORTS, NOT_READABLE, WORKSPACE, typed
from tasks.config.types import Config
from tasks.core.addresses import redacted_text
from tasks.core.text import count, printable

Schema = dict[str, Any]
# jsonschema's ValidationError, whose stubs allow each attribute to be unset.
Error = Any

KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
}
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
LONGEST = 60  # characters of a found value that are shown
LONGEST_WORD = 200  # characters of a word for which near ones are looked for
EFFORT = 20_000_000  # pairs of characters that are compared for all suggestions: about a second


def all_faults(sources: Sequence[Source], unread: Sequence[Fault], root: Path) -> tuple[str, ...]:
    """Every fault of the parsed files, and those that are known already (`unread`).

    The answer is never empty: it is asked for after the fast judge found something.
    """
    faults = [*unread]
    for source in sources:
        faults += schema_faults(source)
        if source.is_workspace:
            faults += missing_pictures(source.data, source.file, root)
    faults += cross_faults(sources, complete=not unread)
    places = {source.file: place for place, source in enumerate(sources)}
    faults.sort(key=lambda fault: order(fault, places))
    suggest = Suggestions()
    projects = [name for _, (_, name), _ in entries(sources, "projects")]
    lines = dict.fromkeys(
        line(fault, suggest) + made_anew(fault.file, projects) for fault in faults
    )
    return (*lines, *suggest.omitted()) or (unexplained(sources),)


def order(fault: Fault, places: Mapping[str, int]) -> tuple[int, str, tuple[str, ...]]:
    """Unreadable files first, then file by file, by the path in the file."""
    keys = (f"{key:06}" if isinstance(key, int) else key for key in fault.where)
    return places.get(fault.file, -1), fault.file, tuple(keys)


def unexplained(sources: Sequence[Source]) -> str:
    """The fast judge's own words, should it see a fault that the schema does not."""
    try:
        typed(sources)
    except NOT_READABLE as error:
        return f"config: {printable(str(error))}"
    return "config: the files do not fit together"


# --- one fault, one line ------------------------------------------------------------------------


def line(fault: Fault, suggest: Suggestions) -> str:
    """`file: path in the file: what was expected; did you mean …?`"""
    place = f"{fault.file}: {path(fault.where)}: " if fault.where else f"{fault.file}: "
    return redacted_text(printable(place + fault.why + suggest(fault.given, fault.choices)))


def made_anew(file: str, projects: Iterable[str]) -> str:
    """What to do about an entry that `doit export` wrote; nothing for other files."""
    folder, _, name = file.rpartition("/")
    if folder != EXPORTS:
        return ""
    name = name.removesuffix(".toml")
    of = [project for project in projects if name.startswith(f"{project}-")]
    tasks = [f":{project}:{name.removeprefix(f'{project}-')}" for project in of] or [""]
    return f"; mend or remove this file: `doit export{max(tasks, key=len)}` makes it anew"


class Suggestions:
    """Finds what may have been meant. Each search compares a word with all choices, so there is a
    limit to them: thousands of unknown names in a file of thousands are told within seconds."""

    def __init__(self) -> None:
        self._left = EFFORT
        self._omitted = 0

    def __call__(self, given: str, choices: Iterable[str]) -> str:
        """`; did you mean …?`, or nothing if no choice is like what was given."""
        word = given.casefold()
        if not word or len(word) > LONGEST_WORD:
            return ""
        if self._left <= 0:
            self._omitted += 1
            return ""
        by_case = {choice.casefold(): choice for choice in choices}
        self._left -= len(word) * sum(map(len, by_case))
        near = [key for key in by_case if key.startswith(word)]
        near = near or difflib.get_close_matches(word, by_case, n=1, cutoff=0.6)
        names = " or ".join(f"`{by_case[key]}`" for key in near[:3])
        return f"; did you mean {names}?" if names else ""

    def omitted(self) -> Iterator[str]:
        """A line that tells of the faults for which nothing was looked for, if there are any."""
        if self._omitted:
            yield f"config: for {self._omitted} of these, similar names were not searched for"


def path(where: Where) -> str:
    """Keys as TOML writes them, joined by full stops; indexes in brackets, counted from 0."""
    words = [f"[{key}]" if isinstance(key, int) else f".{quoted(key)}" for key in where]
    return "".join(words).removeprefix(".")


def quoted(key: str) -> str:
    return key if BARE_KEY.match(key) else json.dumps(key, ensure_ascii=False)


def found_value(value: object) -> str:
    """A found value as the user wrote it, more or less, cut to a part of a line."""
    if isinstance(value, (dict, list)):
        kind, item = ("table", "entry") if isinstance(value, dict) else ("list", "item")
        return f"a {kind} of {count(len(value), item)}" if value else f"an empty {kind}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return shortened(json.dumps(redacted_text(value), ensure_ascii=False))
    return shortened(str(value))


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]}…{text[-1]}"


# --- the schema ---------------------------------------------------------------------------------


@cache
def schemas() -> tuple[Schema, Schema]:
    """The schema of a catalogue and of the workspace's file, made from the types.

    In TOML a network's or project's name is the key of its table: as a field it is not allowed.
    """
    _, parts = msgspec.json.schema_components([Config], ref_template="#/$defs/{name}")
    for part in ("Network", "Project"):
        del parts[part]["properties"]["name"]
        parts[part]["required"].remove("name")
    tables = parts["Config"]["properties"]
    catalogue = {key: tables[key] for key in ("networks", "labels", "pictures")}
    closed = {"type": "object", "additionalProperties": False, "$defs": parts}
    return {**closed, "properties": catalogue}, {**closed, "properties": tables}


def is_integer(_: object, value: object) -> bool:
    """1.0 is an integer to JSON Schema, but not to TOML, nor to the types."""
    return isinstance(value, int) and not isinstance(value, bool)


STRICT = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer),
)


def schema_faults(source: Source) -> list[Fault]:
    """All that the types don't allow in one file."""
    schema = schemas()[source.is_workspace]
    errors = STRICT(schema).iter_errors(source.data)
    return [fault for error in errors for fault in explained(error, source.file, schema)]


def explained(error: Error, file: str, schema: Schema) -> Iterator[Fault]:
    """The faults behind one error of the validator: mostly one."""
    where: Where = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            yield from unknown_keys(error, file, where)
        case "required":
            for key in error.validator_value:  # it tells of one at a time, by its message alone
                if error.message.startswith(repr(key)):
                    yield Fault(file, where, f"expected a key `{key}`")
        case "anyOf":
            yield from explained_any(error, file, schema)
        case _ if "propertyNames" in error.absolute_schema_path:
            key = str(error.instance)
            yield Fault(file, (*where, key), f"expected a key that is {expected(error.schema)}")
        case "enum":
            choices = [choice for choice in error.validator_value if choice]
            why = f"expected {expected(error.schema)}; found {found_value(error.instance)}"
            given = error.instance if isinstance(error.instance, str) else ""
            yield Fault(file, where, why, given, choices)
        case _:
            why = f"expected {expected(error.schema)}; found {found_value(error.instance)}"
            yield Fault(file, where, why)


def unknown_keys(error: Error, file: str, where: Where) -> Iterator[Fault]:
    known = error.schema.get("properties", {})
    for key in error.instance:
        if key not in known:
            why = "there is no such key" if known else "there is no key here"
            if key == "name":
                why += ": the name is given in the table's header"
            elif not where and key in ("projects", "settings"):
                why += f" in a catalogue: it belongs in {WORKSPACE}"
            yield Fault(file, (*where, key), why, key, known)


def explained_any(error: Error, file: str, schema: Schema) -> Iterator[Fault]:
    """Where several kinds are allowed: the faults of the one that was meant, if that is clear."""
    branches: dict[object, list[Error]] = {}
    for part in error.context or ():
        branches.setdefault(part.schema_path[0], []).append(part)
    candidates = [
        parts
        for parts in branches.values()
        if not any(part.validator in ("type", "enum") and not part.path for part in parts)
    ]
    if len(candidates) == 1:
        for part in candidates[0]:
            yield from explained(part, file, schema)
        return
    options = [resolved(option, schema) for option in error.validator_value]
    kinds = dict.fromkeys(expected(option) for option in options if option.get("type") != "null")
    enums = [choice for option in options for choice in option.get("enum", ()) if choice]
    given = error.instance if isinstance(error.instance, str) else ""
    why = f"expected {', or '.join(kinds)}; found {found_value(error.instance)}"
    yield Fault(file, tuple(error.absolute_path), why, given, enums)


def resolved(option: Schema, schema: Schema) -> Schema:
    """The schema itself, or the one that it refers to."""
    reference = option.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else option


def expected(schema: Schema) -> str:
    """What a schema asks for, in words."""
    kind = schema.get("type")
    if kind == "array":
        return expected_list(schema)
    if kind == "object":
        least = schema.get("minProperties")
        return f"a table of at least {count(least, 'entry')}" if least else "a table"
    if "anyOf" in schema:
        return ", or ".join(map(expected, schema["anyOf"]))
    if "description" in schema:
        return str(schema["description"])
    if "enum" in schema:
        return " or ".join(json.dumps(choice) for choice in schema["enum"] if choice)
    return KINDS.get(str(kind), "something else") + bounds(schema)


def expected_list(schema: Schema) -> str:
    """How many items a list has, and what each is."""
    if "prefixItems" in schema:
        items = schema["prefixItems"]
        return f"a list of {count(len(items), 'item')}, each {expected(items[0])}"
    items = expected(schema["items"]) if isinstance(schema.get("items"), dict) else "a value"
    if "minItems" in schema:
        return f"a list of at least {count(schema['minItems'], 'item')}, each {items}"
    return f"a list, each item {items}"


def bounds(schema: Schema) -> str:
    """` from 0 to 20`, ` above 0 and at most 60`, or nothing."""
    if "exclusiveMinimum" in schema:
        most = f" and at most {schema['maximum']}" if "maximum" in schema else ""
        return f" above {schema['exclusiveMinimum']}{most}"
    low = f" from {schema['minimum']}" if "minimum" in schema else ""
    return low + (f" to {schema['maximum']}" if "maximum" in schema else "")
