"""What a task waits for, and which failures it survives.

doit runs no task after one that failed. But a project waits for all its networks, and one that is
refused must not keep the folders, the label map and the other networks from coming.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Any

# In a task's meta, names of other tasks:
SURVIVES = "survives"  # they come before it, and may fail
FOLLOWS = "follows"  # they come before it if they are asked for, and may fail


def forgive(node: Any) -> None:
    """Have doit's class for a task that waits (`doit.control.ExecNode`) take no notice when a task
    fails that this one survives. The failure itself is told, and counts, as any other."""
    take_notice = node.parent_status

    def parent_status(self: Any, parent: Any) -> None:
        survives = (self.task.meta or {}).get(SURVIVES, ())
        if parent.run_status != "failure" or parent.task.name not in survives:
            take_notice(self, parent)

    node.parent_status = parent_status


def line_up(tasks: Iterable[Any], words: Collection[str]) -> None:
    """Have each task wait for those of the tasks that it follows which the words ask for: by name,
    by group, or by a pattern."""
    for task in tasks:
        for before in (task.meta or {}).get(FOLLOWS, ()):
            group = before.partition(":")[0]
            if any(word == group or fnmatchcase(before, word) for word in words):
                task.task_dep.append(before)
                task.meta[SURVIVES].append(before)
