"""Imports point one way: up the list in `tasks/__init__.py`, between rooms and between files."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import tasks
from tasks.wiring import registry

ROOT = Path(__file__).parents[1]
STEPS = {step.title for step in registry.STEPS}  # so a new step needs no line here
# Each floor may import from the floors before it; rooms of one floor only from themselves.
FLOORS: tuple[set[str], ...] = (
    {"core"},
    {"formats", "archives", "config", "pictures"},
    {"web", "pipeline", "pipeline_config"},
    {"inference", "annotations"},
    {"checks", "training", "pages", "cluster"},
    {"console"},
    {"zoo"},
    STEPS,
    {"detect", "importing", "bundle", "plan", "serve", "gc"},
    {"wiring"},
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
def test_a_room_imports_only_from_the_floors_below_it(path: Path) -> None:
    room = room_of(path)
    if room != "__init__":
        others = rooms_imported(path) - {room}
        assert not {other for other in others if FLOOR[other] >= FLOOR[room]}


def test_no_file_imports_itself_by_way_of_others() -> None:
    assert list(TopologicalSorter(imports()).static_order())  # raises CycleError


def imports() -> dict[str, set[str]]:
    """module → the modules that it takes names from, those inside functions included."""
    names = {module_of(path) for path in MODULES}
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        found = graph.setdefault(module_of(path), set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= (whole & names) or ({node.module} & names)
        found.discard(module_of(path))
    return graph


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def test_the_package_names_the_rooms_from_the_lowest_floor_up() -> None:
    named = re.findall(r"^    (\w+)  ", tasks.__doc__ or "", re.MULTILINE)
    assert set(named) == set(FLOOR) - STEPS
    assert [FLOOR[room] for room in named] == sorted(FLOOR[room] for room in named)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_wiring_and_the_console_know_doit(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    if any(module and module.split(".")[0] == "doit" for module in known):
        assert room_of(path) in ("wiring", "console")


def test_the_embedded_network_imports_tensorflow_in_one_place() -> None:
    importing = {
        path.name
        for path in (ROOT / "embedded").glob("*.py")
        if re.search(r"^ *import tensorflow", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert importing == {"without_keras.py"}
