"""Tables written as TOML; Python's own library only reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping


def network_table(name: str, fields: Mapping[str, object], about: str) -> bytes:
    """A catalogue file with one network: a line about it, then its fields."""
    lines = [f"{_value(key)} = {_value(value)}" for key, value in fields.items()]
    return "\n".join([f"# {about}", f"[networks.{_value(name)}]", *lines, ""]).encode()


def _value(value: object) -> str:
    """A value as TOML has it; its strings are JSON's."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_value(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
