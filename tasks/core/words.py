"""Words that many rooms say. Knows nothing of the rest."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """`1 picture`, `2 pictures`, `2 boxes`."""
    plural = f"{noun}es" if noun.endswith("x") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
