"""What a record holds of any picture, TensorFlow decodes to the pixels that are measured."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tasks.core.paths import Workspace
from tasks.formats.tf_record import decode_example, read_frames
from tasks.inference.input_picture import open_picture
from tasks.pipeline.job import Silent
from tasks.records import step
from tests.support.annotated import xml
from tests.support.decoders import in_training, judge
from tests.support.projects import project_job

pytestmark = pytest.mark.slow

SIZE = (24, 16)
SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"\0\0\0\0IEND\xaeB`\x82"


def drawing(mode: str) -> Image.Image:
    """Something that looks different whichever way it is turned, with transparency if it can be."""
    drawn = Image.radial_gradient("L").resize(SIZE).convert("RGB")
    ImageDraw.Draw(drawn).polygon([(1, 1), (20, 3), (4, 13)], fill=(220, 40, 10))
    if mode in ("RGBA", "LA"):
        drawn.putalpha(Image.linear_gradient("L").resize(SIZE))
    if mode == "I;16":
        shades = np.asarray(drawn.convert("L"), np.uint16)
        return Image.fromarray(shades * 250 + 7)
    return drawn.convert(mode)


def encoded(kind: str, mode: str, orientation: int = 1, **options: Any) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = BytesIO()
    drawing(mode).save(stream, kind, exif=exif, **options)
    return stream.getvalue()


KINDS = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "GIF": ("1", "L", "P", "RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
}


@pytest.mark.parametrize(("kind", "mode"), [(k, mode) for k in KINDS for mode in KINDS[k]])
def test_of_every_kind_and_mode_and_turn(kind: str, mode: str, tmp_path: Path) -> None:
    for orientation in range(1, 9):
        verdict = judge(encoded(kind, mode, orientation), tmp_path / "picture")
        plain = kind in ("PNG", "JPEG") and mode not in ("LA", "RGBA")
        as_it_is = (plain and orientation == 1) or (kind, mode) == ("BMP", "RGB")
        assert verdict == ("as it is" if as_it_is else "anew")


def corner(mode: str) -> int:
    return int(np.asarray(drawing(mode))[0, 0])


OPTIONS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "progressive JPEG": ("JPEG", "RGB", {"progressive": True}, "as it is"),
    "JPEG with its colours at half the size": ("JPEG", "RGB", {"subsampling": 2}, "as it is"),
    "JPEG of RGB": ("JPEG", "RGB", {"keep_rgb": True}, "as it is"),
    "JPEG with restart markers": ("JPEG", "RGB", {"restart_marker_blocks": 2}, "as it is"),
    "JPEG of the lowest quality": ("JPEG", "RGB", {"quality": 1}, "as it is"),
    "PNG of two bits": ("PNG", "P", {"bits": 2}, "as it is"),
    "PNG with a transparent colour": ("PNG", "RGB", {"transparency": (220, 40, 10)}, "anew"),
    "PNG with one that does not occur": ("PNG", "RGB", {"transparency": (1, 2, 3)}, "as it is"),
    "PNG with a transparent shade": ("PNG", "L", {"transparency": corner("L")}, "anew"),
    "PNG with one of sixteen bits": ("PNG", "I;16", {"transparency": corner("I;16")}, "anew"),
    "PNG with a transparent palette entry": ("PNG", "P", {"transparency": corner("P")}, "anew"),
    "PNG with half transparent entries": ("PNG", "P", {"transparency": b"\x80" * 256}, "anew"),
    "GIF with a transparent entry": ("GIF", "P", {"transparency": corner("P")}, "anew"),
    "interlaced GIF": ("GIF", "P", {"interlace": 1}, "anew"),
    "animated PNG": ("PNG", "RGB", {"save_all": True, "append": True}, "anew"),
    "animated GIF": ("GIF", "RGB", {"save_all": True, "append": True}, "anew"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_so_it_is_of(name: str, tmp_path: Path) -> None:
    kind, mode, options, verdict = OPTIONS[name]
    if options.pop("append", False):
        options["append_images"] = [Image.new("RGB", SIZE, "green")]
    assert judge(encoded(kind, mode, **options), tmp_path / "picture") == verdict


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(bits: int = 8, colour: int = 2, *odd: int) -> bytes:
    packing, filtering, interlace = (*odd, 0, 0, 0)[:3]
    return chunk(
        b"IHDR", struct.pack(">IIBBBBB", 8, 6, bits, colour, packing, filtering, interlace)
    )


def rows(width: int) -> bytes:
    """Six rows of so many bytes, not filtered."""
    return b"".join(b"\0" + bytes(y * 31 + x & 255 for x in range(width)) for y in range(6))


STREAM = zlib.compress(rows(24))
DATA = chunk(b"IDAT", STREAM)
PALETTE = chunk(b"PLTE", bytes(range(0, 240, 5)))
INDICES = chunk(b"IDAT", zlib.compress(b"".join(b"\0\1\2\3\4\5\6\7\x08" for _ in range(6))))
WHOLE = SIGNATURE + header() + DATA + END
GREY_16 = chunk(b"IDAT", zlib.compress(rows(16)))
RGB_16 = chunk(b"IDAT", zlib.compress(rows(48)))
FOUR_BITS = chunk(b"IDAT", zlib.compress(b"".join(b"\0\x01\x23\x45\x67" for _ in range(6))))

PNGS = {
    "usual": (WHOLE, "as it is"),
    "bytes behind it": (WHOLE + b"xx", "as it is"),
    "no IEND": (WHOLE[:-12], "anew"),
    "IEND of a wrong checksum": (WHOLE[:-1] + b"!", "anew"),
    "data of a wrong checksum": (SIGNATURE + header() + DATA[:-1] + b"!" + END, "anew"),
    "a stream without its checksum": (
        SIGNATURE + header() + chunk(b"IDAT", STREAM[:-4]) + END,
        "anew",
    ),
    "a stream of more rows": (
        SIGNATURE + header() + chunk(b"IDAT", zlib.compress(rows(24) * 2)) + END,
        "as it is",
    ),
    "a stream of far more than the picture": (
        SIGNATURE + header() + chunk(b"IDAT", zlib.compress(rows(24) + bytes(5_000_000))) + END,
        "anew",
    ),
    "data in many parts": (
        SIGNATURE + header() + b"".join(chunk(b"IDAT", bytes([b])) for b in STREAM) + END,
        "as it is",
    ),
    "data apart": (
        SIGNATURE + header() + DATA + chunk(b"tEXt", b"a\0b") + chunk(b"IDAT", b"") + END,
        "anew",
    ),
    "an unknown chunk that must be known": (
        SIGNATURE + header() + chunk(b"ABCD", b"") + DATA + END,
        "anew",
    ),
    "an unknown chunk that need not be": (
        SIGNATURE + header() + chunk(b"abCd", b"x") + DATA + END,
        "as it is",
    ),
    "a chunk of Apple's before the header": (
        SIGNATURE + chunk(b"CgBI", b"\x50\0\x20\2") + header() + DATA + END,
        "anew",
    ),
    "two headers": (SIGNATURE + header() + header() + DATA + END, "anew"),
    "a header with a byte more": (
        SIGNATURE + chunk(b"IHDR", header()[8:21] + b"\0") + DATA + END,
        "anew",
    ),
    "another compression": (SIGNATURE + header(8, 2, 1) + DATA + END, "anew"),
    "a palette": (SIGNATURE + header(8, 3) + PALETTE + INDICES + END, "as it is"),
    "no palette": (SIGNATURE + header(8, 3) + INDICES + END, "refused"),
    "a palette too late": (SIGNATURE + header(8, 3) + INDICES + PALETTE + END, "refused"),
    "two palettes": (SIGNATURE + header(8, 3) + PALETTE * 2 + INDICES + END, "anew"),
    "a palette cut short": (
        SIGNATURE + header(8, 3) + chunk(b"PLTE", bytes(7)) + INDICES + END,
        "anew",
    ),
    "a palette too small": (
        SIGNATURE + header(8, 3) + chunk(b"PLTE", bytes(6)) + INDICES + END,
        "as it is",
    ),
    "grey of four bits": (SIGNATURE + header(4, 0) + FOUR_BITS + END, "as it is"),
    "grey of sixteen bits": (SIGNATURE + header(16, 0) + GREY_16 + END, "as it is"),
    "colours of sixteen bits": (SIGNATURE + header(16, 2) + RGB_16 + END, "as it is"),
    "EXIF that is none": (
        SIGNATURE + header() + chunk(b"eXIf", b"II*\0nonsense") + DATA + END,
        "as it is",
    ),
}


@pytest.mark.parametrize("name", PNGS)
def test_so_it_is_of_a_png_with(name: str, tmp_path: Path) -> None:
    content, verdict = PNGS[name]
    assert judge(content, tmp_path / "picture").partition(":")[0] == verdict


def bmp(*, bits: int = 24, more: bytes = b"", packing: int = 0, height: int = 6) -> bytes:
    row = (8 * bits // 8 + 3) // 4 * 4
    head = struct.pack("<IiiHHIIiiII", 40, 8, height, 1, bits, packing, 0, 0, 0, 0, 0)
    pixels = bytes(x * 7 & 255 for x in range(row * abs(height)))
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + head + pixels + more


BMPS = {
    "usual": (bmp(), "as it is"),
    "two bytes behind it": (bmp(more=b"\0\0"), "anew"),
    "many bytes behind it": (bmp(more=bytes(500)), "anew"),
    "the first row first": (bmp(height=-6), "as it is"),
    "32 bits": (bmp(bits=32), "anew"),
    "16 bits": (bmp(bits=16), "anew"),
}


@pytest.mark.parametrize("name", BMPS)
def test_so_it_is_of_a_bmp_with(name: str, tmp_path: Path) -> None:
    content, verdict = BMPS[name]
    assert judge(content, tmp_path / "picture") == verdict


def without_adobe(content: bytes) -> bytes:
    at = content.index(b"\xff\xee")
    return content[:at] + content[at + 2 + int.from_bytes(content[at + 2 : at + 4], "big") :]


def framed(marker: int) -> bytes:
    return encoded("JPEG", "L").replace(b"\xff\xc0", bytes((0xFF, marker)), 1)


JPEGS = {
    "bytes behind it": (encoded("JPEG", "RGB") + bytes(500), "as it is"),
    "CMYK without Adobe's mark": (without_adobe(encoded("JPEG", "CMYK")), "anew"),
    "extended coding": (framed(0xC1), "as it is"),
    "arithmetic coding": (framed(0xC9), "anew"),
    "lossless coding": (framed(0xC3), "refused"),
    "no end": (encoded("JPEG", "RGB")[:-2], "refused"),
}


@pytest.mark.parametrize("name", JPEGS)
def test_so_it_is_of_a_jpeg_with(name: str, tmp_path: Path) -> None:
    content, verdict = JPEGS[name]
    assert judge(content, tmp_path / "picture").partition(":")[0] == verdict


def test_a_record_holds_what_is_measured(workspace: Workspace) -> None:
    job = project_job(workspace, labels={"one": 1})
    folder = job.workspace.images(job.name, "train")
    folder.mkdir(parents=True)
    pictures = {
        "a.bmp": bmp(more=b"\0\0"),
        "b.png": WHOLE[:-12],
        "c.png": encoded("PNG", "RGB", 6),
        "d.png": encoded("PNG", "RGBA"),
        "e.jpg": encoded("JPEG", "RGB", 8),
        "f.jpg": encoded("JPEG", "RGB"),
    }
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
    (folder / "f.xml").write_bytes(xml(("one", 1, 1, 20, 12), size=SIZE))
    step.run(job, Silent())
    with open(job.workspace.record_file(job.name, "train"), "rb") as file:
        held = dict(map(_picture_in, read_frames(file)))
    assert sorted(held) == sorted(pictures)
    for name, content in held.items():
        measured = open_picture(folder / name).pixels
        assert np.array_equal(in_training(content), measured), name


def _picture_in(frame: bytes) -> tuple[str, bytes]:
    example = decode_example(frame)
    [name], [content] = example["image/filename"], example["image/encoded"]
    assert isinstance(name, bytes)
    assert isinstance(content, bytes)
    return name.decode(), content


def flipped(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 2, 5))):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(4, len(content))]


def holed(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(4, len(content))
    return content[:at] + content[at + chance.choice((1, 2, 40)) :]


def stuffed(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(4, len(content) + 1)
    return content[:at] + chance.randbytes(chance.choice((1, 4, 40))) + content[at:]


def rewritten(content: bytes, chance: random.Random) -> bytes:
    """A PNG with a chunk that was changed, moved, doubled or lost, and whose checksum is right."""
    chunks = list(chunks_of(content))
    at = chance.randrange(len(chunks))
    name, body = chunks[at]
    match chance.randrange(4):
        case 0:
            chunks[at] = (name, flipped(body, chance) if body else b"x")
        case 1:
            chunks.insert(chance.randrange(len(chunks)), chunks.pop(at))
        case 2:
            chunks.insert(at, (name, body))
        case _:
            del chunks[at]
    return SIGNATURE + b"".join(chunk(name, body) for name, body in chunks)


def chunks_of(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        yield content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        at += 12 + size


DAMAGE: tuple[Callable[[bytes, random.Random], bytes], ...] = (flipped, cut, holed, stuffed)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_damage_is_refused_or_harmless(kind: str, tmp_path: Path) -> None:
    chance = random.Random(kind)
    for number in range(120):
        mode = chance.choice(KINDS[kind])
        whole = encoded(kind, mode, chance.choice((1, 6)))
        ways = (*DAMAGE, rewritten) if kind == "PNG" else DAMAGE
        damaged = ways[number % len(ways)](whole, chance)
        judge(damaged, tmp_path / "picture")
