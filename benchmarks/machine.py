"""What figures are measured on: the kind of machine, and the versions of what ran there."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from benchmarks.tools import Tools
from tasks.inference.machine import processor, processors

VERSIONS = ("doit", "isal", "requests", "msgspec", "tensorflow", "keras")
FLAGS = {"sha_ni", "sha2"}  # as Linux calls the instructions for SHA-256 on x86 and on ARM
SYSCTL = "hw.optional.arm.FEAT_SHA256"  # as macOS does
HAS_SHA = {True: "SHA instructions", False: "no SHA instructions", None: "SHA not known"}


def described() -> str:
    """The kind of machine, in a line: figures of different kinds are not comparable."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{processors()} processors ({processor()}; {HAS_SHA[sha_instructions()]}), "
        f"{memory:.0f} GiB of memory, {platform.system()} {platform.machine()}"
    )


def versions(tools: Tools) -> list[str]:
    """Lines that tell the versions of what is measured, and the contenders'."""
    installed = (f"{name} {metadata.version(name)}" for name in VERSIONS)
    lines = [
        ", ".join((f"Python {platform.python_version()}", *installed)),
        "contenders: " + ", ".join(tools.versions()),
    ]
    if missing := tools.missing():
        lines.append(f"not here, so left out: {', '.join(missing)}")
    return lines


def sha_instructions() -> bool | None:
    """Whether the processor has instructions for SHA-256; None if the system does not say."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        return flagged(cpuinfo.read_text(encoding="utf-8", errors="replace"))
    try:
        told = subprocess.run(["sysctl", "-n", SYSCTL], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout.strip() == "1"


def flagged(cpuinfo: str) -> bool | None:
    """What /proc/cpuinfo says of them; None if it lists no flags."""
    for line in cpuinfo.splitlines():
        name, _, flags = line.partition(":")
        if name.strip() in {"flags", "Features"}:
            return not FLAGS.isdisjoint(flags.split())
    return None
