"""Imports point one way: up the list in `tasks/__init__.py`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tasks

ROOT = Path(__file__).parents[1]
# Each floor may import from itself and from the floors before it.
FLOORS = (
    ("errors", "files", "temporary", "text", "wire", "words", "spelling", "addresses", "numbers"),
    ("paths", "receipts"),
    ("catalogue",),
    (
        "job",
        "installed",
        "store",
        "turn",
        "look",
        "lists",
        "aside",
        "broom",
        "staging",
        "output",
        "textproto",
        "labels",
        "pictures",
        "annotations",
    ),
    ("tailor", "engine"),
    ("download", "verify", "extract", "scaffold", "smoke", "measure", "records", "doctor", "clean"),
    ("compare",),
    ("overview",),
    ("plot",),
    ("commands", "console"),
    (
        "runtime",
        "state",
        "order",
        "strict",
        "wiring",
        "wiring_clean",
        "wiring_training",
        "wiring_overview",
        "wiring_compare",
    ),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted((ROOT / "tasks").rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "tasks").with_suffix("").parts[0]


def rooms_imported(path: Path) -> set[str]:
    """The rooms that a module takes names from, those inside functions included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "tasks":
            names |= {f"tasks.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[1] for name in names if name.startswith("tasks.")}


def test_every_room_has_its_floor() -> None:
    assert {room_of(path) for path in MODULES} - {"__init__"} == set(FLOOR)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_room_imports_from_no_floor_above_it(path: Path) -> None:
    room = room_of(path)
    if room != "__init__":
        assert not {other for other in rooms_imported(path) if FLOOR[other] > FLOOR[room]}


def test_the_list_of_floors_is_the_one_that_the_package_tells() -> None:
    told = tasks.__doc__ or ""
    for rooms in FLOORS:
        for room in rooms:
            assert room in told.split(), room


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_wiring_and_the_console_know_doit(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    if any(module and module.split(".")[0] == "doit" for module in known):
        wiring = ("wiring", "wiring_clean", "wiring_training", "wiring_overview")
        assert room_of(path) in (*wiring, "console", "state", "strict")
