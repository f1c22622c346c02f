"""What figures are measured on, without which they mean nothing: the machine, how much memory this
process holds, and which TensorFlow is installed."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from msgspec import Struct

from tasks.core.text import whole

# TensorFlow's own wheels; the plain one comes first because the others may accompany it.
DISTRIBUTIONS = ("tensorflow", "tensorflow_cpu", "tensorflow_macos", "tensorflow_intel")


class Machine(Struct, frozen=True, kw_only=True):
    """A machine, and what runs on it.

    Attributes:
        processor: the processor's name, as the system gives it.
        device: `CPU`, or the names of the graphics processors that TensorFlow uses.
        threads: how many TensorFlow computes with at once.
        memory: bytes of the whole machine; 0 if the system does not say.
        system: operating system and architecture.
        python, tensorflow: versions.
        name: of a worker of a cluster; "" for the machine that `doit` runs on.
    """

    processor: str
    device: str
    threads: int
    memory: int
    system: str
    python: str
    tensorflow: str
    name: str = ""


def this_machine(tf: Any) -> Machine:
    """The machine that this process runs on, which has imported TensorFlow, `tf`."""
    devices = [
        tf.config.experimental.get_device_details(one).get("device_name", one.name)
        for one in tf.config.list_physical_devices("GPU")
    ]
    return Machine(
        processor=processor(),
        device=", ".join(devices) or "CPU",
        threads=threads(tf),
        memory=total_memory(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        tensorflow=tf.__version__,
    )


def threads(tf: Any) -> int:
    """Threads for the inside of an operation: as the program set it; else `usual_threads`."""
    return int(tf.config.threading.get_intra_op_parallelism_threads()) or usual_threads()


def usual_threads() -> int:
    """As set by the environment variable that TensorFlow looks at; else one for each processor."""
    return whole(os.environ.get("TF_NUM_INTRAOP_THREADS", "")) or processors()


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def processor() -> str:
    """The processor's name; its architecture where the system gives no name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def total_memory() -> int:
    """Bytes of memory that the machine has; 0 if the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no such call
        return 0


def free_memory() -> int | None:
    """Bytes that a new process could take, those on the disk that memory is swapped to included;
    None if not known. Linux only (`proc(5)`, meminfo)."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found = {name: int(rest.split()[0]) for name, _, rest in (x.partition(":") for x in lines)}
        return 1024 * (found["MemAvailable"] + found.get("SwapFree", 0))
    except (OSError, ValueError, LookupError):
        return None


def used_memory() -> int | None:
    """Bytes that this process holds; None if not known. Linux only (`proc(5)`, statm)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError, ValueError):
        return None


def peak_memory() -> int | None:
    """Bytes held at most since `reset_peak_memory`, or since the start; None if not known."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def reset_peak_memory() -> None:
    """Start measuring anew. Linux only (`proc(5)`, clear_refs); elsewhere the peak stays."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


@cache
def tensorflow_version() -> str:
    """The installed version, without importing it; "" if none is. Asked for once in a process."""
    for name in DISTRIBUTIONS:
        with suppress(PackageNotFoundError):
            return version(name)
    return ""
