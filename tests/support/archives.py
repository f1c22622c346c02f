"""Small archives in the zoo's layout, made at test time, and broken ones.

`zoo_archive` gives a whole one: its checkpoint is a real tensor bundle, with an index that
TensorFlow reads. `tar_gz` packs any members, also such as no tar program would write.
"""

from __future__ import annotations

import gzip
import io
import os
import random
import tarfile
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path

NETWORK = "small_net_coco17_tpu-8"
MTIME = 1_594_425_600  # 2020-07-11, the zoo's first day

Tensors = Mapping[str, bytes]  # name → float32 values, little-endian


def zoo_files(
    *, size: int = 4096, saved_model: bool = True, pipeline_config: bool = True, folder: str = ""
) -> dict[str, bytes]:
    """Path below the top folder → content, of a network with `size` bytes of weights."""
    kernel = array("f", (random.uniform(-1, 1) for _ in range(size // 4))).tobytes()
    index, data = tensor_bundle({"model/kernel": kernel, "model/bias": bytes(16)})
    files = {
        "checkpoint/checkpoint": b'model_checkpoint_path: "ckpt-0"\n',
        "checkpoint/ckpt-0.index": index,
        "checkpoint/ckpt-0.data-00000-of-00001": data,
    }
    if pipeline_config:
        files["pipeline.config"] = b"model {\n  ssd {\n    num_classes: 90\n  }\n}\n"
    if saved_model:
        files |= {
            "saved_model/saved_model.pb": b"\x08\x01" + os.urandom(256),
            "saved_model/variables/variables.index": index,
            "saved_model/variables/variables.data-00000-of-00001": data,
        }
    return files


def zoo_archive(
    path: Path, files: Mapping[str, bytes] | None = None, *, top: str = NETWORK, level: int = 6
) -> dict[str, bytes]:
    """Write an archive with one top folder and an empty `saved_model/assets`; give its files."""
    files = zoo_files() if files is None else dict(files)
    members = [folder_member(top)]
    for folder in sorted({parent for name in files for parent in _parents(name)}):
        members.append(folder_member(f"{top}/{folder}"))
    if any(name.startswith("saved_model/") for name in files):
        members.append(folder_member(f"{top}/saved_model/assets"))
    members += [file_member(f"{top}/{name}", content) for name, content in files.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tar_gz(members, level=level))
    return dict(files)


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


Member = tuple[tarfile.TarInfo, bytes]


def file_member(name: str, content: bytes = b"", **fields: object) -> Member:
    """A plain file, unless `fields` (TarInfo's attributes: type, linkname, mode, …) say other."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(content), MTIME, 0o640
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def folder_member(name: str, **fields: object) -> Member:
    info, content = file_member(name, type=tarfile.DIRTYPE)
    info.mode = 0o755
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def tar(members: Iterable[Member], format: int = tarfile.GNU_FORMAT) -> bytes:
    """The members as a tar, headers written as they are given."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content) if content else None)
    return out.getvalue()


def tar_gz(members: Iterable[Member], format: int = tarfile.GNU_FORMAT, level: int = 6) -> bytes:
    return gzip.compress(tar(members, format), level, mtime=0)


def tensor_bundle(tensors: Tensors) -> tuple[bytes, bytes]:
    """A one-shard checkpoint of vectors: (index, data)."""
    entries, data = [(b"", _field(1, 1) + _message(3, _field(1, 1)))], b""
    for name, values in sorted(tensors.items()):
        shape = _message(2, _message(2, _field(1, len(values) // 4)))
        place = _field(4, len(data)) + _field(5, len(values))
        checksum = b"\x35" + masked_crc32c(values).to_bytes(4, "little")
        entries.append((name.encode(), _field(1, 1) + shape + place + checksum))
        data += values
    return sstable(entries), data


def sstable(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A LevelDB table of one uncompressed data block, as tensor bundles have it."""
    entries = list(entries)
    table = _block(entries)
    data_handle = varint(0) + varint(len(table) - 5)
    meta_handle = varint(len(table)) + varint(len(_block([])) - 5)
    table += _block([])
    index = _block([(entries[-1][0], data_handle)] if entries else [])
    index_handle = varint(len(table)) + varint(len(index) - 5)
    footer = (meta_handle + index_handle).ljust(40, b"\0")
    return table + index + footer + 0xDB4775248B80FB57.to_bytes(8, "little")


def _block(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Every key whole (nothing shared), one restart point, kind 0, checksum."""
    body = b"".join(b"\0" + varint(len(k)) + varint(len(v)) + k + v for k, v in entries)
    body += bytes(4) + (1).to_bytes(4, "little") + b"\0"
    return body + masked_crc32c(body).to_bytes(4, "little")


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def _field(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def _message(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def masked_crc32c(data: bytes) -> int:
    """As LevelDB stores it: rotated, plus a constant."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC32C[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_CRC32C = tuple(map(_crc_of_byte, range(256)))


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive of ours with tarfile, as safely as this Python can."""
    with tarfile.open(archive) as file:
        if hasattr(tarfile, "data_filter"):  # not in Python 3.11.2, which Debian 12 has
            file.extraction_filter = tarfile.data_filter
        file.extractall(folder)
