"""Numbers in text from outside are ASCII digits and nothing else."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.text import decimal, whole

ODD = [
    "",
    " ",
    "1\x1c",
    "\x1f1",
    "1\n",
    "1_0",
    "+1",
    "-1",
    "0x10",
    "1.0",
    "1e3",
    "٣",
    "²",
    "１",
    "9" * 19,
]


@pytest.mark.parametrize("text", [*ODD, "9" * 5000, None])
def test_what_is_no_plain_number_is_none(text: str | None) -> None:
    assert whole(text) is None


@given(st.one_of(st.text(), st.from_regex(r"[ \t0-9_+x\x1c٣-]{1,22}")))
def test_whatever_comes_is_a_number_of_digits_or_none(text: str) -> None:
    found = whole(text)
    assert (found is not None) == bool(re.fullmatch("[ \t]*[0-9]{1,18}[ \t]*", text))
    assert found is None or found == int(text.strip(" \t"))


@pytest.mark.parametrize(
    ("text", "number"),
    [("50", 50), ("0.5", 0.5), (".5", 0.5), ("1e3", 1000), ("1e999", math.inf)]
    + [(odd, None) for odd in ("nan", "inf", "-1", "1_0", "٣", " 1", "1\x1c", "", "1e", ".")],
)
def test_a_number_with_a_fraction(text: str, number: float | None) -> None:
    assert decimal(text) == number
