"""Lines no longer than a terminal is wide; a command stays on one of them, to be copied."""

from __future__ import annotations

import re
import textwrap

TOGETHER = re.compile(r"`[^`]+`|\([-+\d.e, ]+\)")  # a command, a corner of a box
UNBROKEN = 10_000  # columns, where nothing says how wide it is
HELD = "\0"  # stands for a blank that is not to be broken at; printable text has none


def wrap(line: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """The line as lines of at most `width` columns; only a word or a command that is longer runs
    over.

    Args:
        first, rest: what stands before the first line, and before the others.
    """
    made = textwrap.wrap(
        TOGETHER.sub(lambda found: found[0].replace(" ", HELD), line),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [one.replace(HELD, " ") for one in made]
