"""The commands on a page of docs/, each block marked with who tries it."""

from __future__ import annotations

import re


def blocks(page: str, kind: str) -> list[str]:
    """The shell blocks that follow a comment `<!-- kind -->`."""
    return re.findall(rf"<!-- {kind} -->\n```sh\n(.*?)```", page, re.DOTALL)
