"""The same trivial steps, joined by the same files, written for four build tools."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CHAIN = ("download", "verify", "extract", "smoke")


@dataclass(frozen=True)
class Step:
    """A step that writes one file, named like itself, after reading others."""

    name: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Pipeline:
    """Steps in an order in which they can be done."""

    steps: tuple[Step, ...]

    @classmethod
    def of_chains(cls, networks: int, projects: int) -> Pipeline:
        """Four steps a network, and one a project, which reads the third of every network."""
        steps = []
        for number in range(networks):
            before: tuple[str, ...] = ()
            for kind in CHAIN:
                name = f"{kind}-{number}"
                steps.append(Step(name, before or ("begin",)))
                before = (name,)
        extracted = tuple(f"extract-{number}" for number in range(networks))
        steps += [Step(f"scaffold-{number}", extracted) for number in range(projects)]
        return cls(tuple(steps))

    @property
    def edges(self) -> int:
        return sum(len(step.reads) for step in self.steps)


def _begin(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "begin").write_text("begin\n")


def for_doit(pipeline: Pipeline, folder: Path, program: str) -> list[str]:
    """A dodo.py with a task a step; the command that runs it with this interpreter."""
    _begin(folder)
    steps = [(step.name, list(step.reads)) for step in pipeline.steps]
    lines = [
        f"STEPS = {steps!r}",
        "def task_step():",
        "    for name, reads in STEPS:",
        "        yield {'name': name, 'actions': ['cat ' + ' '.join(reads) + ' > ' + name],",
        "               'file_dep': reads, 'targets': [name]}",
    ]
    (folder / "dodo.py").write_text("\n".join(lines) + "\n")
    return [program, "-m", "doit"]


def for_make(pipeline: Pipeline, folder: Path, program: str) -> list[str]:
    """A Makefile."""
    _begin(folder)
    lines = ["all: " + " ".join(step.name for step in pipeline.steps)]
    for step in pipeline.steps:
        lines += [f"{step.name}: {' '.join(step.reads)}", f"\tcat {' '.join(step.reads)} > $@"]
    (folder / "Makefile").write_text("\n".join(lines) + "\n")
    return [program, "--silent"]


def for_ninja(pipeline: Pipeline, folder: Path, program: str) -> list[str]:
    """A build.ninja."""
    _begin(folder)
    lines = ["rule join", "  command = cat $in > $out"]
    lines += [f"build {step.name}: join {' '.join(step.reads)}" for step in pipeline.steps]
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")
    return [program, "--quiet"]


def for_dvc(pipeline: Pipeline, folder: Path, program: str) -> list[str]:
    """A dvc.yaml (JSON is YAML), outside of git."""
    _begin(folder)
    subprocess.run([program, "init", "--no-scm", "--quiet"], cwd=folder, check=True)
    stages = {
        step.name: {
            "cmd": f"cat {' '.join(step.reads)} > {step.name}",
            "deps": list(step.reads),
            "outs": [step.name],
        }
        for step in pipeline.steps
    }
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    return [program, "repro", "--quiet"]


# Tool → writes the pipeline into a folder, gives the command that builds it there.
WRITERS: dict[str, Callable[[Pipeline, Path, str], list[str]]] = {
    "doit": for_doit,
    "make": for_make,
    "ninja": for_ninja,
    "dvc": for_dvc,
}
