"""Text from outside is shown so that no terminal obeys it and nothing in it hides."""

from __future__ import annotations

import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.console.output import console, guard
from tasks.core.errors import AnnotationsError, ConfigError, DiskError
from tasks.core.text import PLAIN, printable, printable_lines

# One of each kind: C0, DEL, C1, a bidirectional control, a character without width, line
# separators, half of a surrogate pair, a tag, a soft hyphen.
NASTY = "\x1b[31m\a\x7f\x9b31m\u202e\u2066\u200b\ufeff\u2028\u2029\udc80\U000e0041\u00ad"
SHOWN = r"\x1b[31m\x07\x7f\x9b31m\u202e\u2066\u200b\ufeff\u2028\u2029\udc80\U000e0041\xad"


def is_harmless(text: str) -> bool:
    return not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text)


def test_what_is_nasty_is_shown_as_escapes() -> None:
    assert printable(NASTY) == SHOWN
    assert printable("one\ntwo\t\N{NO-BREAK SPACE}") == r"one\ntwo\t\xa0"
    assert printable("Größe [red]漢字[/red] 🎲 \\x1b") == "Größe [red]漢字[/red] 🎲 \\x1b"


def test_lines_of_ours_keep_their_breaks() -> None:
    lines = "one\n\ttwo\N{NO-BREAK SPACE}ms\n"
    assert printable_lines(lines) == lines
    assert printable_lines(f"{NASTY}\n") == f"{SHOWN}\n"


@given(st.text(st.characters()))
def test_any_text_becomes_harmless_and_stays_so(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)
    assert is_harmless(printable_lines(text).replace("\n", "").replace("\t", ""))


def test_errors_are_harmless_whatever_they_name() -> None:
    error = DiskError(NASTY, f"{NASTY}\nok: all is well", NASTY)
    assert str(error) == rf"{SHOWN}: {SHOWN}\nok: all is well; {SHOWN}"
    assert str(ConfigError((f"key {NASTY}\n", "other"))) == f"key {SHOWN}\\n\nother"
    assert str(AnnotationsError(NASTY, "1 fault:\nlabel")) == f"{SHOWN}: 1 fault:\nlabel"


def written(encoding: str) -> tuple[io.BytesIO, io.TextIOWrapper]:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    guard(stream)
    return raw, stream


def test_a_guarded_stream_writes_nothing_nasty_whoever_prints() -> None:
    raw, stream = written("utf-8")
    print(NASTY, file=stream, flush=True)
    assert raw.getvalue() == f"{SHOWN}\n".encode()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8"])
def test_a_guarded_stream_takes_any_letter(encoding: str) -> None:
    raw, stream = written(encoding)
    stream.write("é → 漢 …\n")
    stream.flush()
    told = raw.getvalue().decode(encoding)
    assert (
        told
        == {
            "ascii": "\\xe9 -> \\u6f22 ...\n",
            "latin-1": "é -> \\u6f22 ...\n",
            "cp437": "é -> \\u6f22 ...\n",
            "utf-8": "é → 漢 …\n",
        }[encoding]
    )
    assert "é".encode("ascii", PLAIN) == b"\\xe9"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_what_rich_draws_holds_its_own_sequences_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    from rich.table import Table
    from rich.text import Text

    stream = Terminal()
    guard(stream)
    table = Table.grid()
    table.add_row(f"[red]{NASTY}[/red]", Text(NASTY, style="bold"))
    console(stream, width=400).print(table, f":smile: {NASTY}")
    told = stream.getvalue()
    assert "\x1b[1m" in told
    bare = re.sub(r"\x1b\[[01]m", "", told)
    assert is_harmless(bare.replace("\n", ""))
    assert bare.count(r"\x1b[31m") == 3
    assert "[red]" in bare
    assert ":smile:" in bare
