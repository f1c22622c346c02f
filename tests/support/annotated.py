"""Pictures and labelImg's XML, made at test time."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

Edges = tuple[str, float, float, float, float]  # label, xmin, ymin, xmax, ymax


def picture(
    kind: str = "PNG", size: tuple[int, int] = (64, 48), *, mode: str = "RGB", **options: object
) -> bytes:
    """A picture that is red to the left and blue to the right."""
    drawn = Image.new("RGB", size, "blue")
    drawn.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    stream = BytesIO()
    drawn.convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def turned(orientation: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """A JPEG that is stored in this size and that EXIF says to turn."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return picture("JPEG", size, exif=exif, quality=95)


def xml(
    *boxes: Edges,
    size: tuple[int, int] | None = (64, 48),
    filename: str = "image.png",
    more: str = "",
) -> bytes:
    """An annotation as labelImg writes it."""
    told = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>" if size else ""
    objects = "".join(_object(*box, more=more) for box in boxes)
    return (
        f"<annotation>\n\t<folder>train</folder>\n\t<filename>{filename}</filename>"
        f"{told}\n{objects}</annotation>\n"
    ).encode()


def proposed(*boxes: Edges) -> bytes:
    """An annotation that a network proposed."""
    source = b"<source><annotation>proposed by net</annotation></source>"
    return xml(*boxes).replace(b"<size>", source + b"<size>")


def _object(
    label: str, xmin: float, ymin: float, xmax: float, ymax: float, *, more: str = ""
) -> str:
    return (
        f"\t<object><name>{label}</name><pose>Unspecified</pose><truncated>0</truncated>"
        f"<difficult>0</difficult>{more}<bndbox><xmin>{xmin:g}</xmin><ymin>{ymin:g}</ymin>"
        f"<xmax>{xmax:g}</xmax><ymax>{ymax:g}</ymax></bndbox></object>\n"
    )


def fill(folder: Path, names: Sequence[str] = ("a", "b"), *boxes: Edges, shade: int = 0) -> None:
    """Annotated pictures of these names, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        size = (64, 48 + shade + number)
        (folder / f"{name}.png").write_bytes(picture(size=size))
        drawn = boxes or (("one", 1, 2, 30, 40),)
        (folder / f"{name}.xml").write_bytes(xml(*drawn, size=size, filename=f"{name}.png"))
