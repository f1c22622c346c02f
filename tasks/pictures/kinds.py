"""What a picture file is, by its first bytes, for TensorFlow does not look at names either; and
whether TensorFlow decodes its own bytes to the pixels that people see.

TensorFlow is not asked, for it takes seconds to start. A file that Pillow decodes is *plain* if its
structure leaves no doubt that TensorFlow's own libraries decode it, too. Whatever is odd about it
counts as doubt: such a picture is encoded anew, which costs time and nothing else.

Source: the JPEG standard, ITU-T T.81, annex B; the PNG specification, 5; tensorflow/core/kernels/
image/decode_image_op.cc for BMP; and what TensorFlow 2.21 refuses of Pillow's test pictures.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Literal

Kind = Literal["jpeg", "png", "gif", "bmp"]

MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
)
# Files that are common among pictures and that TensorFlow does not decode: offset, bytes, name, and
# the suffix that ImageMagick knows the kind by.
OTHERS = (
    (8, b"WEBP", "WebP", "webp"),
    (0, b"II*\0", "TIFF", "tiff"),
    (0, b"MM\0*", "TIFF", "tiff"),
    (0, b"II+\0", "TIFF", "tiff"),
    (0, b"MM\0+", "TIFF", "tiff"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000", "jp2"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000", "j2k"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL", "jxl"),
    (0, b"\xff\x0a", "JPEG XL", "jxl"),
    *((0, b"P%d%c" % (n, blank), "PPM", "ppm") for n in range(1, 7) for blank in b" \t\r\n"),
    (0, b"8BPS", "a Photoshop document", "psd"),
    (0, b"%PDF", "PDF", "pdf"),
)
LFS = b"version https://git-lfs"
HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif", b"mif1", b"msf1", b"miaf"}
AVIF = {b"avif", b"avis"}
# Start of a frame with Huffman coding: baseline, extended, progressive. Arithmetic coding and
# lossless frames are not in every build of the library.
FRAMES = (0xC0, 0xC1, 0xC2)
ALL_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
CHUNKS = re.compile(
    rb"IHDR,(?:[a-z][A-Za-z]{3},)*+(?:PLTE,)?+(?:[a-z][A-Za-z]{3},)*+(?:IDAT,)++"
    rb"(?:[a-z][A-Za-z]{3},)*+IEND,"
)
STRETCH = 1 << 20


def kind_of(content: bytes) -> Kind:
    """The kind of a picture.

    Raises:
        ValueError: TensorFlow does not decode it; a clause with what it is, if that is known,
            and how to convert it.
    """
    for magic, kind in MAGIC:
        if content.startswith(magic):
            return kind
    if not content:
        raise ValueError("it is empty")
    if content.startswith(LFS):
        raise ValueError(
            "it is a Git LFS pointer instead of the picture; `git lfs pull` fetches it"
        )
    name, suffix = other_kind(content)
    if not name:
        raise ValueError("it is not a PNG, JPEG, GIF or BMP")
    to = "png" if suffix in ("webp", "tiff", "ppm", "pdf", "psd") else "jpg"
    how = f"`magick name.{suffix} name.{to}` (ImageMagick)"
    why = f"it is {name}, which TensorFlow does not decode"
    raise ValueError(f"{why}; convert it to JPEG or PNG, say by {how}")


def other_kind(content: bytes) -> tuple[str, str]:
    """Name and suffix of a kind that TensorFlow does not decode; "" if it is none of these.

    Source for HEIC and AVIF, which list their brands in the first box: ISO/IEC 23008-12, 10; the
    AV1 Image File Format, 6.
    """
    if content[4:8] == b"ftyp":
        size = min(int.from_bytes(content[:4], "big"), 256)
        brands = {content[at : at + 4] for at in (8, *range(16, size, 4))}
        for name, own in (("AVIF", AVIF), ("HEIC", HEIC)):
            if brands & own:
                return name, name.lower()
    others = (other[2:] for other in OTHERS if content.startswith(other[1], other[0]))
    return next(others, ("", ""))


def is_plain(content: bytes, kind: Kind) -> bool:
    """Whether a file goes into a record as it is. GIF never does: its decoder gives one dimension
    more, which the Object Detection API's input pipeline does not take."""
    tests = {"jpeg": _is_plain_jpeg, "png": _is_plain_png, "bmp": _is_plain_bmp}
    try:
        return kind in tests and tests[kind](content)
    except (ValueError, IndexError, struct.error, zlib.error):  # cut short, or damaged
        return False


def _is_plain_jpeg(content: bytes) -> bool:
    """Eight bits, grey or colour, or CMYK as Adobe writes it: without its mark, TensorFlow and
    Pillow take one for the negative of the other."""
    at, of_adobe = 2, False
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker in ALL_FRAMES:
            bits, components = content[at + 4], content[at + 9]
            usual = components in (1, 3) or (components == 4 and of_adobe)
            return marker in FRAMES and bits == 8 and usual
        of_adobe |= marker == 0xEE and content[at + 4 : at + 9] == b"Adobe"
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return False


def _is_plain_png(content: bytes) -> bool:
    """Chunks that are known, whole and in order, and in them a compressed stream that is whole: it
    ends with a checksum, for which Pillow does not wait. An animated PNG is not."""
    chunks = list(_chunks(content))
    names = b"".join(b"%b," % name for name, _ in chunks)
    if not CHUNKS.fullmatch(names) or b"acTL," in names:
        return False
    width, height, _, colour, packing, filtering, _ = struct.unpack(">IIBBBBB", chunks[0][1])
    palettes = [len(body) for name, body in chunks if name == b"PLTE"]
    if packing or filtering or any(size % 3 or size not in range(1, 769) for size in palettes):
        return False
    if colour == 3 and not palettes:
        return False
    most = 2 * height * (width * 8 + 1) + STRETCH  # of any depth, interlaced or not
    return _is_whole_stream((body for name, body in chunks if name == b"IDAT"), most)


def _chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Name and body of each chunk up to IEND; what follows does not count.

    Raises:
        ValueError: one is cut short, or its checksum is wrong.
    """
    view, at, name = memoryview(content), 8, b""
    while name != b"IEND":
        end = at + 12 + int.from_bytes(view[at : at + 4], "big")
        chunk, checksum = view[at + 4 : end - 4], view[end - 4 : end]
        if len(checksum) < 4 or zlib.crc32(chunk) != int.from_bytes(checksum, "big"):
            raise ValueError(f"a chunk at {at} is damaged")
        name = bytes(chunk[:4])
        yield name, chunk[4:]
        at = end


def _is_whole_stream(bodies: Iterator[memoryview], most: int) -> bool:
    """Whether a zlib stream ends as it should, and gives at most so many bytes.

    Raises:
        zlib.error: it is damaged.
    """
    stream, size = zlib.decompressobj(), 0
    for body in bodies:
        rest: bytes | memoryview = body
        while rest and not stream.eof and size <= most:
            size += len(stream.decompress(rest, STRETCH))
            rest = stream.unconsumed_tail
    return stream.eof and size <= most


def _is_plain_bmp(content: bytes) -> bool:
    """24 bits, uncompressed, with a header as of Windows 3, and not a byte more or less."""
    start, header, width, height, _, bits, packing = struct.unpack_from("<IIiiHHI", content, 10)
    row = (width * 3 + 3) // 4 * 4
    usual = header >= 40 and start >= 14 + header and bits == 24 and packing == 0
    return bool(usual and len(content) == start + row * abs(height))
