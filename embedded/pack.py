"""The archive: one folder as .tar.gz, the same bytes for the same files."""

import gzip
import hashlib
import os
import tarfile
from io import BytesIO
from pathlib import Path

from embedded import NAME

MEMBERS = (
    "checkpoint/checkpoint",
    "checkpoint/ckpt-0.data-00000-of-00001",
    "checkpoint/ckpt-0.index",
    "pipeline.config",
    "saved_model/saved_model.pb",
    "saved_model/variables/variables.data-00000-of-00001",
    "saved_model/variables/variables.index",
)
ARCHIVE = Path(__file__).with_name(f"{NAME}.tar.gz")
"""The network as shipped."""


def pack(folder: Path, archive: Path, top: str = NAME) -> str:
    """Packs the members of a network's folder under the folder `top`; returns the sha256.

    The archive appears whole or not at all. ValueError if `folder` holds other files.
    """
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    if found != sorted(MEMBERS):
        raise ValueError(f"{folder} holds {found}, not the members of a network")
    packed = gzip.compress(_tar(folder, top), compresslevel=9, mtime=0)
    archive.parent.mkdir(parents=True, exist_ok=True)
    temporary = archive.with_name(archive.name + ".part")
    with temporary.open("wb") as stream:
        stream.write(packed)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, archive)
    return hashlib.sha256(packed).hexdigest()


def _tar(folder: Path, top: str) -> bytes:
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in _folders(top):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for member in MEMBERS:
            content = (folder / member).read_bytes()
            entry = tarfile.TarInfo(f"{top}/{member}")
            entry.size = len(content)
            tar.addfile(entry, BytesIO(content))
    return stream.getvalue()


def _folders(top: str) -> list[str]:
    inner = {parent.as_posix() for m in MEMBERS for parent in Path(m).parents} - {"."}
    return [top, *(f"{top}/{name}" for name in sorted(inner))]


def unpack(archive: Path, folder: Path) -> Path:
    """Unpacks an archive of ours into a folder; returns the network's folder in it."""
    with tarfile.open(archive) as tar:
        top = tar.getnames()[0].split("/")[0]
        if hasattr(tarfile, "data_filter"):  # not in Python 3.11.2, which Debian 12 has
            tar.extraction_filter = tarfile.data_filter
        tar.extractall(folder)
    return folder / top
