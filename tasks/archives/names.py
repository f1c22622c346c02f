"""Which names an archive may hold.

A name must mean one and the same file on Linux, macOS and Windows, inside the folder that it is
unpacked into. All rules are refusals: nothing is renamed or repaired.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from tasks.core.errors import UnsafeArchiveError
from tasks.core.text import printable

Kind = Literal["file", "folder"]
LONGEST_PART = 255  # bytes; the limit of ext4, APFS and NTFS alike
LONGEST_PATH = 1024  # bytes; macOS' PATH_MAX, the smallest of the three systems'
DEEPEST = 32  # folders in folders; the zoo has four

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
_FORBIDDEN = frozenset('<>:"|?*')


class Names:
    """The names of one archive so far: each is checked, and checked against the others."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, Kind]] = {}
        self.top = ""

    def admit(self, name: str, kind: Kind) -> str:
        """The path below the archive's top folder ("" for that folder itself).

        Raises:
            UnsafeArchiveError: the name is unsafe, clashes with an earlier one, or lies outside
                the one top folder.
        """
        parts = parts_of(name)
        if not parts:
            if kind == "file":
                raise unsafe(name, "has no name")
            return ""
        self._admit_top(parts, kind)
        for depth in range(1, len(parts)):
            self._remember("/".join(parts[:depth]), "folder")
        self._remember("/".join(parts), kind)
        return "/".join(parts[1:])

    def _admit_top(self, parts: list[str], kind: Kind) -> None:
        if len(parts) == 1 and kind == "file":
            raise unsafe(parts[0], "lies outside of any folder; one top folder must hold all")
        self.top = self.top or parts[0]
        if _same_place(parts[0]) != _same_place(self.top):
            raise unsafe(parts[0], f"is a second top folder beside {quoted(self.top)}")

    def _remember(self, path: str, kind: Kind) -> None:
        key = _same_place(path)
        if key not in self._seen:
            self._seen[key] = path, kind
            return
        spelling, before = self._seen[key]
        if spelling != path:
            raise unsafe(path, f"is one file with {quoted(spelling)} where case does not matter")
        if before != kind:
            raise unsafe(path, "is a file and a folder")
        if kind == "file":
            raise unsafe(path, "comes twice")


def parts_of(name: str) -> list[str]:
    """The parts of a member's name, without `.` and empty ones (`./a//b/` is `a/b`).

    Raises:
        UnsafeArchiveError: the name is not safe.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    fault = _fault_of_name(name, len(parts))
    for part in parts:
        fault = fault or _fault_of_part(part)
    if fault is not None:
        raise unsafe(name, fault)
    return parts


def _fault_of_name(name: str, depth: int) -> str | None:
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    if len(encoded) > LONGEST_PATH:
        return f"is longer than {LONGEST_PATH} bytes"
    if name.startswith("/"):
        return "is an absolute path"
    if "\\" in name:
        return "holds a backslash"
    return f"lies more than {DEEPEST} folders deep" if depth > DEEPEST else None


def _fault_of_part(part: str) -> str | None:
    if part == "..":
        return "climbs out of its folder"
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in part):
        return "holds a control character"
    if len(part.encode()) > LONGEST_PART:
        return f"has a part longer than {LONGEST_PART} bytes"
    if _FORBIDDEN & set(part) or part[-1] in ". " or _DEVICE.fullmatch(part):
        return "can't exist on Windows"
    return None


def _same_place(path: str) -> str:
    """Equal for paths that are one file on a system that ignores case or the form of accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def quoted(name: str) -> str:
    """A hostile name, fit for one line of a terminal."""
    text = f"'{printable(name)}'"
    return text if len(text) <= 80 else f"{text[:60]}…{text[-16:]}"


def unsafe(name: str, why: str) -> UnsafeArchiveError:
    return UnsafeArchiveError("archive", f"has a member {quoted(name)} that {why}")
