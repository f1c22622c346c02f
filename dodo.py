"""tod-tf2: a working tree for object detection with TensorFlow 2, as a build.

    download ─▶ verify ─▶ extract ─┬─▶ scaffold
                                   └─▶ smoke
    records, doctor: a project's pictures, and whether it is ready to be trained
    measure, compare: its networks on its pictures, side by side on a page

`doit` builds what config/workspace.toml names; `doit list` shows the tasks, `doit help` the rest.
"""

import gc
import sys
from pathlib import Path

gc.disable()  # until a step runs: a `doit` with nothing to do is over before a collection pays
# A slow import that msgspec tries before it takes the same names from `typing`; free again below.
HIDDEN = "typing_extensions" not in sys.modules
if HIDDEN:
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]

from tasks.console.reporter import Reporter
from tasks.core.paths import Workspace
from tasks.wiring import tasks

if HIDDEN:
    del sys.modules["typing_extensions"]

WORKSPACE = Workspace(Path())
CONFIG = tasks.start(WORKSPACE)

DOIT_CONFIG = {
    "minversion": "0.37.0",
    "backend": "sqlite3",
    "dep_file": tasks.database(WORKSPACE),
    "reporter": Reporter,
    "default_tasks": ["workspace"],
    "continue": True,  # one network that fails must not stop the others
    "cleanforget": True,
    "forget_disable_default": True,
    "sort": "definition",
    "verbosity": 1,
}


def task_workspace() -> tasks.Tasks:
    yield tasks.everything(CONFIG, WORKSPACE)
    yield from tasks.alias_tasks(CONFIG, WORKSPACE)


def task_download() -> tasks.Tasks:
    yield from tasks.network_tasks("download", CONFIG, WORKSPACE)


def task_verify() -> tasks.Tasks:
    yield from tasks.network_tasks("verify", CONFIG, WORKSPACE)


def task_extract() -> tasks.Tasks:
    yield from tasks.network_tasks("extract", CONFIG, WORKSPACE)


def task_scaffold() -> tasks.Tasks:
    yield from tasks.project_tasks(CONFIG, WORKSPACE)


def task_smoke() -> tasks.Tasks:
    yield from tasks.network_tasks("smoke", CONFIG, WORKSPACE)


if sys.argv[1:]:  # a bare `doit` can't ask for these, and is faster without them
    from tasks.wiring import compare, overview, training

    def task__scaffold() -> tasks.Tasks:
        yield from training.outline_tasks(CONFIG, WORKSPACE)

    def task_records() -> tasks.Tasks:
        yield from training.records_tasks(CONFIG, WORKSPACE)

    def task_doctor() -> tasks.Tasks:
        yield from training.doctor_tasks(CONFIG, WORKSPACE)

    def task_measure() -> tasks.Tasks:
        yield from compare.measure_tasks(CONFIG, WORKSPACE)

    def task_compare() -> tasks.Tasks:
        yield from compare.compare_tasks(CONFIG, WORKSPACE)

    def task_catalogue() -> tasks.Tasks:
        yield from overview.catalogue_tasks(CONFIG, WORKSPACE)

    def task_plot() -> tasks.Tasks:
        yield from overview.plot_tasks(CONFIG, WORKSPACE)


def task_show() -> tasks.Tasks:
    yield tasks.command("show", "tell of a NETWORK", CONFIG, WORKSPACE)


def task_changes() -> tasks.Tasks:
    yield tasks.command("changes", "what a PROJECT trains with", CONFIG, WORKSPACE)


def task_adopt() -> tasks.Tasks:
    yield tasks.command("adopt", "take a FILE as download", CONFIG, WORKSPACE)


def task_accept() -> tasks.Tasks:
    yield tasks.command("accept", "trust a refused NETWORK", CONFIG, WORKSPACE)
