"""tod-tf2: a working tree for object detection with TensorFlow 2, as a build.

    download ─▶ verify ─▶ extract ─┬─▶ scaffold
                                   └─▶ smoke
    records, doctor: a project's pictures, and whether it is ready to be trained
    mend: what a rule can put right in them
    measure, compare: its networks on its pictures, side by side on a page

`doit` builds what config/workspace.toml names; `doit list` shows the tasks, `doit help` the rest.
Each step is a folder in tasks/; tasks/wiring/registry.py lists them.
"""

from pathlib import Path

from doit import create_after

from tasks.wiring import process

process.prepare()  # before all other imports: from here on Ctrl-C ends in one line

from tasks.core.paths import Workspace
from tasks.wiring import start, tasks
from tasks.wiring.registry import OF_A_BARE_DOIT, ON_REQUEST

WORKSPACE = Workspace(Path())
CONFIG = start.start(WORKSPACE)
CLEANING = tasks.Cleaning(CONFIG, WORKSPACE)

DOIT_CONFIG = {
    "minversion": "0.37.0",
    "backend": "sqlite3",
    "dep_file": ":memory:",  # `start` has the database opened in .tod/, and keeps it in order
    "reporter": tasks.StepReporter,
    "default_tasks": ["workspace"],
    "continue": True,  # one network that fails must not stop the others
    "cleanforget": True,
    "forget_disable_default": True,
    "sort": "definition",
    "verbosity": 1,
}


def task_workspace() -> tasks.Tasks:
    yield tasks.everything(CLEANING)


def task_steps() -> tasks.Tasks:
    for step in OF_A_BARE_DOIT:
        yield from tasks.step_tasks(step, CONFIG, CLEANING)


# doit makes these if the command line has words, or a task above waits for one.
@create_after()  # type: ignore[untyped-decorator]
def task_steps_on_request() -> tasks.Tasks:
    for step in ON_REQUEST:
        yield from tasks.step_tasks(step, CONFIG, CLEANING)


@create_after()  # type: ignore[untyped-decorator]
def task_commands() -> tasks.Tasks:
    from tasks.wiring import command_tasks

    yield from command_tasks.command_tasks(CONFIG, WORKSPACE)
