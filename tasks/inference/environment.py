"""What TensorFlow's process is given: its environment, a home of its own, what it may read."""

from __future__ import annotations

import os
import re
import site
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

VARIABLE = "TOD_PERMISSIONS"
"""Names the file that holds the permissions: they may be longer than a variable can be."""

SETTINGS = (
    # Language and time zone: how errors of the system are worded, and the log's times.
    *("LANG", "LANGUAGE", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY"),
    *("LC_NUMERIC", "LC_TIME", "TZ"),
    # Windows: without these no library of the system is found.
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "PATHEXT", "NUMBER_OF_PROCESSORS"),
    *("PROCESSOR_ARCHITECTURE", "PROCESSOR_IDENTIFIER"),
    # What TensorFlow logs, how many threads it takes, which kernels it uses, how exact it is.
    *("TF_CPP_MIN_LOG_LEVEL", "TF_CPP_MAX_VLOG_LEVEL", "TF_CPP_VMODULE"),
    *("TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_ENABLE_ONEDNN_OPTS"),
    *("TF_DISABLE_MKL", "TF_XLA_FLAGS", "XLA_FLAGS", "TF_DETERMINISTIC_OPS"),
    *("TF_CUDNN_DETERMINISTIC", "TF_CUDNN_USE_AUTOTUNE", "TF_USE_LEGACY_KERAS", "KERAS_BACKEND"),
    # Which graphics processor is used, and how much of its memory.
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_CACHE_DISABLE"),
    *("NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "NVIDIA_TF32_OVERRIDE"),
    *("TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR", "TF_GPU_THREAD_MODE"),
    *("TF_GPU_THREAD_COUNT", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"),
    *("HSA_OVERRIDE_GFX_VERSION",),
    # Threads and kernels of the libraries below TensorFlow and numpy.
    *("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC", "OMP_PLACES", "OMP_PROC_BIND"),
    *("OMP_STACKSIZE", "OMP_WAIT_POLICY", "KMP_AFFINITY", "KMP_BLOCKTIME"),
    *("KMP_DUPLICATE_LIB_OK", "KMP_SETTINGS", "GOMP_CPU_AFFINITY", "MKL_NUM_THREADS"),
    *("MKL_DYNAMIC", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "ONEDNN_MAX_CPU_ISA"),
    *("ONEDNN_VERBOSE", "DNNL_MAX_CPU_ISA", "DNNL_VERBOSE", "MALLOC_ARENA_MAX"),
    *("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"),
    # How Python encodes, warns and compiles.
    *("PYTHONUTF8", "PYTHONIOENCODING", "PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONMALLOC"),
    *("PYTHONUNBUFFERED", "PYTHONFAULTHANDLER", "PYTHONOPTIMIZE", "PYTHONDONTWRITEBYTECODE"),
    *("PYTHONNOUSERSITE", "PYTHONSAFEPATH"),
)
"""Variables that are passed on. Each is named: whatever else begins with `TF_`, say, may be a
secret of another program, as Terraform's TF_TOKEN_… are."""
FOLDERS = (
    # Where programs, libraries and modules lie.
    *("PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH"),
    *("CUDA_ROOT", "ROCM_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE"),
    *("PYTHONPYCACHEPREFIX",),
)
"""The same; their values are paths."""
SETTING = r"[\w.,:;=+/@(){} -]{0,500}"
HOMES = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TEMP", "TMP")


class Permissions(Struct, frozen=True, kw_only=True):
    """What the process may do beyond what TensorFlow itself needs.

    Attributes:
        reads: files, and folders with all that is in them, to be read.
        writes: the same, to be read, written and removed.
        home: the user's own home, which is permitted only if `reads` or `writes` say so.
        memory: bytes that it may take; 0 for most of the machine's.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    home: str = ""
    memory: int = 0


def environment(given: Mapping[str, str], home: str) -> dict[str, str]:
    """The child's environment, of which only what TensorFlow or Python heed is `given`: no proxies,
    no tokens. TensorFlow is quiet and on the CPU unless the user set it otherwise; what belongs to
    a user leads to the folder `home`."""
    passed = {name: value for name, value in given.items() if is_passed(name, value)}
    defaults = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    if site.ENABLE_USER_SITE:  # else it would be looked for below the new home
        defaults["PYTHONUSERBASE"] = site.getuserbase()
    return {**defaults, **passed, **dict.fromkeys(HOMES, home)}


def is_passed(name: str, value: str) -> bool:
    """Whether a variable is on the list and its value looks like one; no address ever does."""
    name = name.upper() if os.name == "nt" else name
    if "://" in value:
        return False
    return name in FOLDERS or (name in SETTINGS and bool(re.fullmatch(SETTING, value)))


def write_permissions(permissions: Permissions, home: str) -> str:
    """Write them into the process's home; the path of the file."""
    path = Path(home, "permissions.json")
    path.write_bytes(msgspec.json.encode(permissions))
    return str(path)


def take_permissions(environment: MutableMapping[str, str]) -> Permissions:
    """What was written for this process; the file is removed. Nothing if there is none."""
    path = environment.pop(VARIABLE, "")
    if not path:
        return Permissions()
    permissions = msgspec.json.decode(Path(path).read_bytes(), type=Permissions)
    Path(path).unlink()
    return permissions


def with_added(held: Permissions, asked: Permissions) -> Permissions:
    """What is held, and what is asked for beyond it; `held` itself if it is enough."""
    reads = _beyond(held.reads + held.writes, asked.reads)
    writes = _beyond(held.writes, asked.writes)
    if not reads and not writes:
        return held
    return replace(held, reads=held.reads + reads, writes=held.writes + writes)


def _beyond(held: Iterable[str], asked: Iterable[str]) -> tuple[str, ...]:
    """The paths that lie in none of `held`, links followed. One that does not exist is left out: it
    is asked for again once it does."""
    folders = set(held)
    for path in map(Path, map(os.path.realpath, asked)):
        if path.exists() and folders.isdisjoint(map(str, [path, *path.parents])):
            folders.add(str(path))
    return tuple(sorted(folders.difference(held)))
