"""tod-tf2: a working tree for object detection with TensorFlow 2, as a build.

    download ─▶ verify ─▶ extract ─┬─▶ scaffold
                                   └─▶ smoke

`doit` builds what config/workspace.toml names; `doit list` shows the tasks, `doit help` the rest.
"""

from pathlib import Path

from tasks import commands, wiring
from tasks.console.reporter import Reporter
from tasks.paths import Workspace

WORKSPACE = Workspace(Path())
CONFIG = wiring.start(WORKSPACE)

DOIT_CONFIG = {
    "minversion": "0.37.0",
    "backend": "sqlite3",
    "dep_file": str(WORKSPACE.doit_state),
    "reporter": Reporter,
    "default_tasks": ["workspace"],
    "continue": True,  # one network that fails must not stop the others
    "cleanforget": True,
    "forget_disable_default": True,
    "sort": "definition",
    "verbosity": 1,
}


def task_workspace() -> wiring.Tasks:
    """build all that config/workspace.toml names"""
    yield wiring.everything(CONFIG, WORKSPACE)


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


def task_show() -> wiring.Tasks:
    """tell all that is known of a network: doit show NETWORK"""
    yield wiring.command("show", commands.show, CONFIG, WORKSPACE)


def task_adopt() -> wiring.Tasks:
    """take a hand-fetched archive as if downloaded: doit adopt FILE [NETWORK]"""
    yield wiring.command("adopt", commands.adopt, CONFIG, WORKSPACE)


def task_accept() -> wiring.Tasks:
    """trust a refused archive from now on: doit accept NETWORK"""
    yield wiring.command("accept", commands.accept, CONFIG, WORKSPACE)
