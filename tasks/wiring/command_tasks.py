"""Commands as doit sees them: tasks that take words from the command line and always run."""

from __future__ import annotations

from keyword import iskeyword
from typing import Any

from doit import doit_cmd
from doit.exceptions import TaskFailed

from tasks.config.types import Config
from tasks.console.output import say
from tasks.core.errors import TodError, UsageError, disk_error
from tasks.core.paths import Workspace
from tasks.core.text import printable
from tasks.wiring.options import params, taken
from tasks.wiring.tasks import StepTask, Tasks, failure

# A function of `commands` (`import_` for `import`) → what `doit list` says of it.
COMMANDS = {
    "catalogue": "the zoo as a table",
    "plan": "tell what a run would do",
    "detect": "run a network on pictures",
    "import": "take a data set of another format",
    "show": "tell of a NETWORK",
    "changes": "what a PROJECT trains with",
    "serve": "be a mirror for others",
    "bundle": "pack networks into a FILE",
    "adopt": "take a FILE as download",
    "gc": "what of the cache nobody needs",
    "accept": "trust a refused NETWORK",
}
FAMILIES = "only these: ssd, faster, mask, rcnn, efficientdet,\ncenternet, one-stage, two-stage"
FORMATS = "yolo, coco, labelme, createml, csv or voc;\nguessed where it is plain"
# Values are taken as text and judged in `choice.parse`, which tells what is wrong in one line. With
# what doit puts around them, the help's lines fit 80 columns.
OPTIONS: list[dict[str, Any]] = [
    {"name": "family", "metavar": "F", "help": FAMILIES},
    {"name": "max_ms", "metavar": "MS", "help": "published ms a picture, at most"},
    {"name": "min_map", "metavar": "MAP", "help": "COCO mAP in percent, at least"},
    {"name": "finds", "metavar": "OUT", "help": "boxes, masks or keypoints;\nthis mAP counts then"},
    {"name": "installed", "type": bool, "help": "only what is in pre-trained/"},
    {"name": "best", "type": bool, "help": "only those that no other beats"},
    {"name": "sort", "metavar": "BY", "help": "by zoo, map, ms, size, name or input,\nbest first"},
    {"name": "reverse", "type": bool, "help": "the other way round"},
    {"name": "titles", "type": bool, "help": "printed titles, not names"},
    {"name": "json", "type": bool, "help": "write JSON, and nothing else"},
    {"name": "csv", "type": bool, "help": "write CSV, and nothing else"},
]
DETECT_OPTIONS: list[dict[str, Any]] = [
    {"name": "network", "metavar": "N", "help": "the network to run"},
    {"name": "threshold", "metavar": "S", "help": "score from which on boxes are drawn;\n0.5"},
    {"name": "out", "metavar": "FOLDER", "help": "a new folder for the results"},
    {"name": "voc", "type": bool, "help": "first annotations for labelImg, too"},
]
IMPORT_OPTIONS: list[dict[str, Any]] = [
    {"name": "project", "metavar": "P", "help": "the project to import into"},
    {"name": "format", "metavar": "F", "help": FORMATS},
    {"name": "pictures", "metavar": "HOW", "help": "copy, link or refer; as the settings say"},
    {
        "name": "into",
        "metavar": "SPLIT",
        "help": "train, test or images (to be shared out),\nfor all pictures",
    },
    {
        "name": "replace",
        "type": bool,
        "help": "take the source's annotations where yours\ndiffer; yours are kept",
    },
]
PLAN_OPTIONS: list[dict[str, Any]] = [
    {"name": "json", "type": bool, "help": "write JSON, and nothing else"},
]
SERVE_OPTIONS: list[dict[str, Any]] = [
    {
        "name": "address",
        "metavar": "A",
        "help": "of this machine; 127.0.0.1, which only it can\nreach",
    },
    {"name": "port", "metavar": "N", "help": "8000"},
]
BUNDLE_OPTIONS: list[dict[str, Any]] = [
    {"name": "with_training", "type": bool, "help": "the packages that train, too"},
]
GC_OPTIONS: list[dict[str, Any]] = [
    {"name": "remove", "type": bool, "help": "remove it"},
    {"name": "older_than", "metavar": "DAYS", "help": "only what was fetched so long ago; 1"},
    {"name": "gone", "type": bool, "help": "workspaces that are not there\nneed nothing"},
]


PARAMS = {
    "bundle": params(BUNDLE_OPTIONS),
    "gc": params(GC_OPTIONS),
    "plan": params(PLAN_OPTIONS),
    "catalogue": params(OPTIONS),
    "detect": params(DETECT_OPTIONS),
    "import": params(IMPORT_OPTIONS),
    "serve": params(SERVE_OPTIONS),
}


class CommandTask(StepTask):
    """A task that is a command with options. doit would want them all before the first word, and
    tells a wrong one with the source of its own parser."""

    def init_options(self, args: list[str] | None = None) -> Any:
        """Take the options out of the words, wherever they stand."""
        if args:
            options, rest = taken(self.name, self.params, args, anywhere=True)
            args = [*options, "--", *rest]
        return super().init_options(args)


def command_tasks(config: Config, workspace: Workspace) -> Tasks:
    """All commands."""
    for name, doc in COMMANDS.items():
        kind = CommandTask if name in PARAMS else StepTask
        yield kind(
            name,
            [(run_command, [], {"name": name, "config": config, "workspace": workspace})],
            pos_arg="words",
            params=PARAMS.get(name, ()),
            io={"capture": False},
            doc=doc,
        )


def run_command(
    words: list[str] | None, name: str, config: Config, workspace: Workspace, **options: object
) -> TaskFailed | None:
    """doit's action of a command: print its lines, or one line of what is wrong."""
    from tasks.wiring import commands

    try:
        if name in PARAMS:
            _refuse_variables(name)
        function = getattr(commands, f"{name}_" if iskeyword(name) else name)
        lines = function(words or [], config, workspace, **options)
    except TodError as error:
        return failure(error)
    except OSError as error:
        return failure(disk_error(name, error))
    if lines:
        say("\n".join(lines))
    return None


def _refuse_variables(command: str) -> None:
    """doit takes a word like `family=ssd` for a variable of its own, and says nothing."""
    for name, value in (doit_cmd._CMDLINE_VARS or {}).items():
        shown = printable(f"{name}={value}")
        raise UsageError(command, f"`{shown}` is no option", f"write `--{shown}`")
