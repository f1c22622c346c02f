"""Lines that fit a terminal."""

from tasks.console.wrap import wrap


def test_a_command_stays_on_one_line() -> None:
    line = "to take it: `doit import a --project b --replace`, and more words"
    assert wrap(line, 40, rest="  ") == [
        "to take it:",
        "  `doit import a --project b --replace`,",
        "  and more words",
    ]


def test_a_fixed_blank_stays_one() -> None:
    assert wrap("a\N{NO-BREAK SPACE}b", 80) == ["a\N{NO-BREAK SPACE}b"]
