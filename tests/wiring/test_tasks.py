"""What dodo.py declares, and what it costs to load it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from doit.exceptions import TaskFailed
from doit.task import DelayedLoader, Task

from tasks.config.types import Config, Settings
from tasks.core.paths import Workspace
from tasks.pipeline.job import Outcome, Progress, WorkspaceJob
from tasks.pipeline.step import WorkspaceStep
from tasks.wiring import doit_hooks, tasks
from tests.support.checkouts import Checkout, check_out

# Each of these costs more than the whole of what dodo.py may add to doit's own start.
HEAVY = (
    "requests",
    "rich",
    "matplotlib",
    "numpy",
    "tensorflow",
    "PIL",
    "urllib3",
    "http.client",
    "jsonschema",
    "isal",
    "filelock",
    "platformdirs",
    "google_crc32c",
    "embedded.scenes",
    "asyncio",
    "jinja2",
)

EMBEDDED = "ssd_tinynet_320x320_cube_digits"
TUTORIAL = "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8"
STEPS = ("download", "verify", "extract", "smoke")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return check_out(tmp_path_factory.mktemp("wiring") / "workspace", TOD_OFFLINE="1")


def modules_after(code: str, folder: Path) -> set[str]:
    script = f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_loading_dodo_imports_nothing_heavy(checkout: Checkout) -> None:
    bare = modules_after("import doit.doit_cmd, sqlite3", checkout.root)
    modules_after("import dodo", checkout.root)  # compiles the configuration
    loaded = modules_after("import doit.doit_cmd, sqlite3; import dodo", checkout.root) - bare
    assert not loaded & {*HEAVY, "tomllib", "dataclasses"}


def test_asking_every_step_whether_it_is_stale_imports_nothing_heavy(checkout: Checkout) -> None:
    ask = """
import doit.doit_cmd, sqlite3, dodo
for task in dodo.task_steps():
    if task.name.startswith(("download", "verify", "extract", "scaffold", "smoke")):
        for call, args, options in task.uptodate:
            call is True or call(task, {}, *args, **options)
"""
    assert not modules_after(ask, checkout.root) & set(HEAVY)


def test_a_plain_list_shows_the_workspace_and_not_the_zoo(checkout: Checkout) -> None:
    listed = checkout.doit("list", "-q").out.split()
    assert {f"{step}:{name}" for step in STEPS for name in (EMBEDDED, TUTORIAL)} < set(listed)
    assert "scaffold:cube_faces" in listed
    assert not [name for name in listed if "efficientdet" in name]


def test_a_full_list_shows_every_network_of_the_zoo(checkout: Checkout) -> None:
    listed = checkout.doit("list", "--all", "-q").out.split()
    for step in STEPS:
        assert len([name for name in listed if name.startswith(f"{step}:")]) == 44


def test_the_list_keeps_the_order_of_the_pipeline(checkout: Checkout) -> None:
    listed = checkout.doit("list", "-q").out.split()
    groups = [name for name in listed if name in (*STEPS, "scaffold", "workspace")]
    assert groups == ["workspace", "download", "verify", "extract", "scaffold", "smoke"]


def test_info_tells_of_a_task_on_one_page(checkout: Checkout) -> None:
    done = checkout.doit("info", f"extract:{EMBEDDED}")
    assert "status" in done.out
    assert f"verify/{EMBEDDED}.json" in done.out
    assert len(done.out) < 2000


def test_a_broken_config_ends_with_3_and_no_traceback(tmp_path: Path) -> None:
    broken = check_out(tmp_path / "workspace")
    broken.edit("networks = [", "netwroks = [")
    done = broken.doit("list")
    assert done.code == 3
    assert "Traceback" not in done.said
    assert "networks" in done.err


def test_an_unknown_task_ends_with_3(checkout: Checkout) -> None:
    done = checkout.doit("smoke:nothing_of_that_name")
    assert done.code == 3
    assert "Traceback" not in done.said


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        (f"smoke:{EMBEDDED[:-2]}", EMBEDDED),
        ("scaffold:cube_face", "cube_faces"),
        (f"train:{EMBEDDED}", f"train:cube_faces:{EMBEDDED}"),
        (f"export:cube_faces-{EMBEDDED}", f"export:cube_faces:{EMBEDDED}"),
    ],
)
def test_a_misspelt_network_or_project_is_suggested(
    checkout: Checkout, word: str, meant: str
) -> None:
    done = checkout.doit(word)
    assert done.code == 3
    assert f"did you mean {meant}" in done.err


def test_a_damaged_state_database_is_set_aside(tmp_path: Path) -> None:
    hurt = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    (hurt.root / ".tod").mkdir()
    (hurt.root / ".tod/doit.sqlite").write_bytes(b"not a database" * 100)
    done = hurt.doit("list")
    assert done.code == 0
    assert "doit.sqlite was damaged" in done.err
    assert (hurt.root / ".tod/doit.sqlite.broken").exists()


def test_show_tells_what_is_known_of_a_network(checkout: Checkout) -> None:
    done = checkout.doit("show", TUTORIAL)
    assert done.code == 0
    for fact in ("Faster R-CNN ResNet50 V1 640x640", "212.0 MB", "29.3 %", "53 ms", "Apache-2.0"):
        assert fact in done.out


def test_show_suggests_the_name_that_was_meant(checkout: Checkout) -> None:
    done = checkout.doit("show", TUTORIAL.replace("faster", "fastr"))
    assert done.code == 3
    assert f"did you mean {TUTORIAL}" in done.err


@pytest.mark.parametrize("command", ["show", "adopt", "accept"])
def test_a_command_without_words_says_how_it_is_used(checkout: Checkout, command: str) -> None:
    done = checkout.doit(command)
    assert done.code == 3
    assert f"`doit {command} " in done.err
    assert "Traceback" not in done.said


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("~nosuchuser/x", "~nosuchuser/x: there is no such home folder; name a folder"),
        ("http://u:p@h/x", "TOD_CACHE: http://***@h/x: expected a folder, not an address"),
    ],
)
def test_a_cache_that_can_be_no_folder_is_one_line(
    checkout: Checkout, folder: str, told: str
) -> None:
    done = checkout.doit("-c", f"verify:{EMBEDDED}", TOD_CACHE=folder)
    assert done.code == 3
    assert told in done.err
    assert "Traceback" not in done.said


def test_what_can_t_be_looked_at_is_left_to_the_step_to_tell(tmp_path: Path) -> None:
    """doit would end with a traceback, and with it all that other tasks have to tell."""

    class Unreadable:
        def why_stale(self, job: WorkspaceJob) -> str | None:
            raise PermissionError(13, "Permission denied", "results")

        def run(self, job: WorkspaceJob, progress: Progress) -> Outcome:
            raise PermissionError(13, "Permission denied", "results")

    step = WorkspaceStep(name="plot", doc="draw", work=Unreadable)
    config = Config(networks={}, projects={}, settings=Settings())
    task = tasks.step_task(step, WorkspaceJob(config, Workspace(tmp_path)))
    [(ask, _, _)] = task.uptodate
    assert ask(task, None) is False
    assert "Permission denied" in task.meta["why"]
    assert isinstance(tasks.run_step(task, *task.actions[0].kwargs.values()), TaskFailed)


def tasks_made_by(checkout: Checkout, *words: str) -> set[str]:
    script = f"""
import sys
from doit.control import TaskControl
from doit.doit_cmd import DoitMain

def show(self, task_list, **_):
    sys.exit(" ".join(task.name for task in task_list))

TaskControl.__init__ = show
DoitMain().run({list(words)!r})
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=checkout.root,
        capture_output=True,
        text=True,
        env={**os.environ, **checkout.environment},
    )
    return set(done.stderr.split())


def test_a_bare_doit_makes_no_tasks_that_it_does_not_need(checkout: Checkout) -> None:
    training = f"train:cube_faces:{EMBEDDED}"
    assert "scaffold:cube_faces" in tasks_made_by(checkout)
    assert training not in tasks_made_by(checkout)
    assert training in tasks_made_by(checkout, "scaffold")


def test_a_task_that_waits_for_others_has_them_made() -> None:
    later = Task(
        "later", None, loader=DelayedLoader(lambda: (Task("made", None) for _ in range(1)))
    )
    waits, waits_not = Task("waits", None, task_dep=["made"]), Task("waits_not", None)

    assert doit_hooks.with_those_needed([waits_not, later], []) == [waits_not, later]
    made = doit_hooks.with_those_needed([waits, later], [])
    assert [task.name for task in made] == ["waits", "made"]
