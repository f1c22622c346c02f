"""Archives in the zoo's layout, of any size, made from a seed: nothing is downloaded.

    <network>/checkpoint/ckpt-0.{index,data}         a tensor bundle that TensorFlow reads
    <network>/saved_model/variables/variables.{…}    the same values, as in the zoo
    <network>/saved_model/saved_model.pb             bytes that compress like a graph
    <network>/pipeline.config

Trained weights are nearly incompressible: gzip leaves 91 to 93 % of the zoo's checkpoints, because
exponents repeat and mantissas don't. Normally distributed float32 values behave the same.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tasks.core.files import sha256_of
from tests.support.archives import sstable, varint

TENSOR = 1 << 20  # float32 values of a tensor: 4 MiB
MTIME = 1_594_425_600  # 2020-07-11
INDEX, DATA = ".index", ".data-00000-of-00001"


@dataclass(frozen=True)
class Made:
    """An archive: its file, and the sizes in bytes before and after compression."""

    path: Path
    network: str
    unpacked: int

    @property
    def packed(self) -> int:
        return self.path.stat().st_size

    @cached_property
    def sha256(self) -> str:
        return sha256_of(self.path)


def make(folder: Path, network: str, weights: int, *, graph: int = 6 << 20, seed: int = 1) -> Made:
    """An archive with `weights` bytes of values in the checkpoint, and as many in the SavedModel.

    One that lies there already is taken as it is.
    """
    path = folder / f"{network}-{weights}-{graph}-{seed}.tar.gz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        bundle = write_bundle(folder / f"{path.stem}.{os.getpid()}", weights, seed)
        with (
            gzip.GzipFile(temporary, "wb", 6, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            _pack(tar, network, bundle, graph)
        for file in bundle.values():
            file.unlink()
        temporary.rename(path)
    return Made(path, network, unpacked_size(path))


def unpacked_size(path: Path) -> int:
    """Bytes of the tar inside, as the end of the gzip file tells (archives here are below 4 GB)."""
    with open(path, "rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")


def write_bundle(prefix: Path, size: int, seed: int) -> dict[str, Path]:
    """A tensor bundle of at least `size` bytes: suffix → file."""
    import google_crc32c

    entries, offset = [(b"", b"\x08\x01\x1a\x02\x08\x01")], 0
    data, index = Path(f"{prefix}{DATA}"), Path(f"{prefix}{INDEX}")
    with open(data, "wb") as file:
        for number, values in enumerate(tensors(size, seed)):
            file.write(values)
            crc = google_crc32c.value(values)
            entries.append((b"layer_%05d" % number, _place(offset, len(values), crc)))
            offset += len(values)
    index.write_bytes(sstable(entries))
    return {INDEX: index, DATA: data}


def tensors(size: int, seed: int) -> Iterator[bytes]:
    """float32 values as weights have them, `size` bytes in tensors of at most 4 MiB."""
    import numpy as np

    generator = np.random.default_rng(seed)
    while size > 0:
        values = generator.standard_normal(min(TENSOR, -(-size // 4)), np.float32)
        values *= np.float32(0.05)
        size -= values.nbytes
        yield values.tobytes()


def _place(offset: int, size: int, crc: int) -> bytes:
    """A BundleEntryProto: float32, shape [size / 4], where it lies, its masked CRC32C."""
    dimension = b"\x08" + varint(size // 4)
    shape = b"\x12" + varint(len(dimension)) + dimension
    where = (b"\x20" + varint(offset) if offset else b"") + b"\x28" + varint(size)
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    checksum = b"\x35" + masked.to_bytes(4, "little")
    return b"\x08\x01\x12" + varint(len(shape)) + shape + where + checksum


def _pack(tar: tarfile.TarFile, network: str, bundle: dict[str, Path], graph: int) -> None:
    def add(name: str, content: bytes) -> None:
        tar.addfile(_member(f"{network}/{name}", len(content)), io.BytesIO(content))

    def add_bundle(prefix: str) -> None:
        for suffix, file in bundle.items():
            member = _member(f"{network}/{prefix}{suffix}", file.stat().st_size)
            with open(file, "rb") as content:
                tar.addfile(member, content)

    add("pipeline.config", b"model {\n  ssd {\n    num_classes: 90\n  }\n}\n")
    add("checkpoint/checkpoint", b'model_checkpoint_path: "ckpt-0"\n')
    add_bundle("checkpoint/ckpt-0")
    add("saved_model/saved_model.pb", graph_like(graph))
    add_bundle("saved_model/variables/variables")


def graph_like(size: int) -> bytes:
    """Bytes that compress to about a tenth, as a serialised graph does."""
    line = "\x0a\x2bStatefulPartitionedCall/model/layer_{0}/Conv2D_{1}\x12\x06Conv2D\x1a\x04{2:x}"
    lines = (line.format(n % 97, n, n * 2654435761 % 2**32) for n in range(size // 40 + 1))
    return b"\x08\x01" + "".join(lines).encode()[: max(size - 2, 0)]


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, MTIME, 0o640
    return member
