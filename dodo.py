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

from tasks import wiring
from tasks.console.reporter import Reporter
from tasks.paths import Workspace

if HIDDEN:
    del sys.modules["typing_extensions"]

WORKSPACE = Workspace(Path())
CONFIG = wiring.start(WORKSPACE)

DOIT_CONFIG = {
    "minversion": "0.37.0",
    "backend": "sqlite3",
    "dep_file": wiring.database(WORKSPACE),
    "reporter": Reporter,
    "default_tasks": ["workspace"],
    "continue": True,  # one network that fails must not stop the others
    "cleanforget": True,
    "forget_disable_default": True,
    "sort": "definition",
    "verbosity": 1,
}


def task_workspace() -> wiring.Tasks:
    yield wiring.everything(CONFIG, WORKSPACE)
    yield from wiring.alias_tasks(CONFIG, WORKSPACE)


def task_download() -> wiring.Tasks:
    yield from wiring.network_tasks("download", CONFIG, WORKSPACE)


def task_verify() -> wiring.Tasks:
    yield from wiring.network_tasks("verify", CONFIG, WORKSPACE)


def task_extract() -> wiring.Tasks:
    yield from wiring.network_tasks("extract", CONFIG, WORKSPACE)


def task_scaffold() -> wiring.Tasks:
    yield from wiring.project_tasks(CONFIG, WORKSPACE)


def task_smoke() -> wiring.Tasks:
    yield from wiring.network_tasks("smoke", CONFIG, WORKSPACE)


if sys.argv[1:]:  # a bare `doit` can't ask for these, and is faster without them
    from tasks import wiring_compare, wiring_overview, wiring_training

    def task__scaffold() -> wiring.Tasks:
        yield from wiring_training.outline_tasks(CONFIG, WORKSPACE)

    def task_records() -> wiring.Tasks:
        yield from wiring_training.records_tasks(CONFIG, WORKSPACE)

    def task_doctor() -> wiring.Tasks:
        yield from wiring_training.doctor_tasks(CONFIG, WORKSPACE)

    def task_measure() -> wiring.Tasks:
        yield from wiring_compare.measure_tasks(CONFIG, WORKSPACE)

    def task_compare() -> wiring.Tasks:
        yield from wiring_compare.compare_tasks(CONFIG, WORKSPACE)

    def task_catalogue() -> wiring.Tasks:
        yield from wiring_overview.catalogue_tasks(CONFIG, WORKSPACE)

    def task_plot() -> wiring.Tasks:
        yield from wiring_overview.plot_tasks(CONFIG, WORKSPACE)


def task_show() -> wiring.Tasks:
    yield wiring.command("show", "tell of a NETWORK", CONFIG, WORKSPACE)


def task_changes() -> wiring.Tasks:
    yield wiring.command("changes", "what a PROJECT trains with", CONFIG, WORKSPACE)


def task_adopt() -> wiring.Tasks:
    yield wiring.command("adopt", "take a FILE as download", CONFIG, WORKSPACE)


def task_accept() -> wiring.Tasks:
    yield wiring.command("accept", "trust a refused NETWORK", CONFIG, WORKSPACE)
