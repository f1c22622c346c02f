"""What a picture file is, by its first bytes: TensorFlow does not look at names either."""

from __future__ import annotations

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
    (0, b"8BPS", "a Photoshop document", "psd"),
    (0, b"%PDF", "PDF", "pdf"),
)
LFS = b"version https://git-lfs"
HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif", b"mif1", b"msf1", b"miaf")
AVIF = (b"avif", b"avis")


def kind_of(content: bytes) -> Kind:
    """The kind of a picture.

    Raises:
        ValueError: TensorFlow does not decode it; a clause with what it is, if that is known,
            and how to convert it.
    """
    for magic, kind in MAGIC:
        if content.startswith(magic):
            return kind
    if content.startswith(LFS):
        raise ValueError(
            "it is a Git LFS pointer instead of the picture; `git lfs pull` fetches it"
        )
    if name := _container(content):
        raise ValueError(_refusal(name, name.lower()))
    for offset, magic, name, suffix in OTHERS:
        if content[offset : offset + len(magic)] == magic:
            raise ValueError(_refusal(name, suffix))
    raise ValueError("it is empty" if not content else "it is not a PNG, JPEG, GIF or BMP")


def _container(content: bytes) -> str:
    """HEIC or AVIF, by the brands that the file's first box lists; "" if it is neither.

    Source: ISO/IEC 23008-12, 10; the AV1 Image File Format, 6.
    """
    if content[4:8] != b"ftyp":
        return ""
    size = min(int.from_bytes(content[:4], "big"), 256)
    brands = {content[at : at + 4] for at in (8, *range(16, size, 4))}
    if brands & set(AVIF):
        return "AVIF"
    return "HEIC" if brands & set(HEIC) else ""


def _refusal(name: str, suffix: str) -> str:
    to = "png" if suffix in ("webp", "tiff", "pdf", "psd") else "jpg"
    how = f"`magick name.{suffix} name.{to}` (ImageMagick)"
    return (
        f"it is {name}, which TensorFlow does not decode; convert it to JPEG or PNG, say by {how}"
    )
