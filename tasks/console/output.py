"""Standard output and standard error as they are: their reader may go away, their device may be
full, their encoding may lack letters, and they may not be there at all.

A guarded stream takes any text and raises nothing. doit takes hold of the streams before it loads
dodo.py, so they are not replaced but changed where they stand.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

from tasks.core.text import PLAIN, printable_lines

if TYPE_CHECKING:
    from rich.console import Console

STANDARD = {"<stdout>": "standard output", "<stderr>": "standard error"}
GUARDS: list[Guard] = []


class Guard:
    """What stands between us and a stream."""

    failure: OSError | None = None
    """Why the stream could not be written, if a reader who left was not the reason."""

    def __init__(self, stream: TextIO) -> None:
        self.name = STANDARD.get(name := getattr(stream, "name", "output"), name)
        self._stream, self._write, self._flush = stream, stream.write, stream.flush

    def write(self, text: str) -> int:
        """Write text, wherever it comes from."""
        return self.draw(printable_lines(text))

    def draw(self, text: str) -> int:
        """Write text whose escape sequences are our own."""
        try:
            self._write(text)
        except OSError as error:
            self._give_up(error)
        return len(text)

    def write_data(self, content: bytes) -> None:
        """Write bytes for a program to read."""
        self.flush()
        try:
            self._stream.buffer.write(content)
        except OSError as error:
            self._give_up(error)

    def flush(self) -> None:
        try:
            self._flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Have the rest go nowhere, also what the interpreter flushes when it ends."""
        if not isinstance(error, BrokenPipeError):  # a reader that leaves, as `head` does, may
            self.failure = self.failure or error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


class Canvas:
    """A guarded stream for what draws with escape sequences of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        guard = guard_of(self._stream)
        return guard.draw(text) if guard else self._stream.write(text)


def guard(stream: TextIO) -> Guard:
    """Guard a stream from here on."""
    if found := guard_of(stream):
        return found
    with suppress(AttributeError):  # only a stream with an encoding can be told how to encode
        stream.reconfigure(errors=PLAIN)  # type: ignore[attr-defined]
    made = Guard(stream)
    stream.write, stream.flush = made.write, made.flush  # type: ignore[method-assign]
    stream.guard = made  # type: ignore[attr-defined]
    GUARDS.append(made)
    return made


def failures() -> list[str]:
    """A line for each stream that could not be written."""
    return [
        f"{one.name} can't be written: {(one.failure.strerror or '').lower()}"
        for one in GUARDS
        if one.failure
    ]


def guard_of(stream: TextIO) -> Guard | None:
    return getattr(stream, "guard", None)


def guard_standard_streams() -> None:
    """Guard both; a process that was started without one (`>&-`) has None in its place."""
    sys.stdout = sys.stdout or _closed("<stdout>")
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    guard(sys.stdout)
    guard(sys.stderr)


def _closed(name: str) -> TextIO:
    """A stream that can't be written to: where it is asked for what is to be written, nothing may
    end as if that had been."""
    device = FileIO(os.open(os.devnull, os.O_RDONLY), "w")
    device.name = name
    return TextIOWrapper(BufferedWriter(device), encoding="utf-8")


def say(line: str) -> None:
    """Tell the user, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def write_data(text: str, stream: TextIO) -> None:
    """Write text for a program: UTF-8 whatever the locale, no letter lost; a terminal gets it as
    text."""
    guard = guard_of(stream)
    if guard is None or stream.isatty():
        stream.write(text)
    else:
        guard.write_data(text.encode("utf-8", "replace"))


def console(stream: TextIO, **options: Any) -> Console:
    """rich's console on a stream. It shows text as it is: markup is not obeyed, nor is anything
    that a terminal would obey."""
    from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
    from rich.segment import Segment

    class Printable:
        def __init__(self, drawn: ConsoleRenderable) -> None:
            self.drawn = drawn

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            for text, style, control in console.render(self.drawn, options):
                yield Segment(text if control else printable_lines(text), style, control)

    class Hook(RenderHook):
        def process_renderables(self, drawn: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
            return [Printable(one) for one in drawn]

    quiet = {"highlight": False, "markup": False, "emoji": False}
    made = Console(file=Canvas(stream), **quiet, **options)  # type: ignore[arg-type]
    made.push_render_hook(Hook())
    return made
