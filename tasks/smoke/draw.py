"""Boxes with label and score on a picture, legible whatever its size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from PIL import Image, ImageDraw, ImageFont

from tasks.inference.report import ReportedDetection

LEAST_SCORE = 0.5
MOST_BOXES = 20

SHORTEST, LONGEST = 720, 1920
"""The longer side of the drawn picture, in pixels: smaller pictures are enlarged, larger shrunk."""

# Okabe and Ito, "Color Universal Design" (2008), without black: told apart with any colour vision.
PALETTE = (
    *((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)),
    *((0, 114, 178), (213, 94, 0), (204, 121, 167)),
)

Colour = tuple[int, int, int]
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom in pixels
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw(picture: Image.Image, boxes: Sequence[ReportedDetection]) -> Image.Image:
    """A new picture, 720 to 1920 pixels long, with the boxes on it; boxes come best first."""
    canvas = picture.resize(drawn_size(picture.size), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(canvas)
    unit = min(canvas.size) / 160
    font = ImageFont.load_default(size=max(13, round(unit * 5)))
    colours = colours_of(box.id for box in boxes)
    line = max(2, round(unit))
    frames = [frame_of(box, canvas.size, line // 2) for box in boxes]
    for box, frame in reversed(list(zip(boxes, frames, strict=True))):
        _outline(pen, frame, colours[box.id], line)
    texts = [f"{box.label} {box.score:.2f}" for box in boxes]
    plates: list[Rectangle] = []
    for text, frame in zip(texts, frames, strict=True):
        size = plate_size(pen, text, font)
        plates.append(place_plate(size, frame, canvas.size, plates, frames))
    for box, plate, text in reversed(list(zip(boxes, plates, texts, strict=True))):
        colour, middle = colours[box.id], ((plate[0] + plate[2]) / 2, (plate[1] + plate[3]) / 2)
        pen.rectangle(plate, fill=colour)
        pen.text(middle, text, font=font, fill=ink_on(colour), anchor="mm")
    return canvas


def drawn_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size of the drawn picture, in the same proportions."""
    longer = max(size)
    factor = min(max(longer, SHORTEST), LONGEST) / longer
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def colours_of(class_ids: Iterable[int]) -> dict[int, Colour]:
    """A colour for each class: its own if it is free, else the next free one. Up to seven classes
    on one picture have colours of their own."""
    taken: dict[int, int] = {}
    for class_id in dict.fromkeys(class_ids):
        own = (class_id - 1) % len(PALETTE)
        order = [(own + step) % len(PALETTE) for step in range(len(PALETTE))]
        taken[class_id] = next((n for n in order if n not in taken.values()), own)
    return {class_id: PALETTE[number] for class_id, number in taken.items()}


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever stands out more (relative luminance, WCAG 2)."""
    linear = [(c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4) for c in colour]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)


def frame_of(box: ReportedDetection, size: tuple[int, int], margin: int) -> Rectangle:
    """The box in pixels with a margin around it, inside the picture."""
    top, left, bottom, right = box.box
    width, height = size[0] - 1, size[1] - 1
    near, far = (left * width, top * height), (right * width, bottom * height)
    sides = (*(side - margin for side in near), *(side + margin for side in far))
    limits = zip(sides, (width, height) * 2, strict=True)
    x0, y0, x1, y1 = (min(max(side, 0.0), most) for side, most in limits)
    return x0, y0, x1, y1


def plate_size(pen: ImageDraw.ImageDraw, text: str, font: Font) -> tuple[float, float]:
    """Width and height of the plate that a text needs: the same height for every text."""
    _, highest, _, lowest = pen.textbbox((0, 0), "Ág", font=font)
    margin = (lowest - highest) * 0.3
    return pen.textlength(text, font=font) + 2 * margin, lowest - highest + margin


def place_plate(
    plate: tuple[float, float],
    frame: Rectangle,
    size: tuple[int, int],
    plates: Sequence[Rectangle],
    frames: Sequence[Rectangle],
) -> Rectangle:
    """Where the plate goes: above its box if nothing is hidden there, else where the least is:
    below, inside; flush left, then flush right. What it must not hide is another plate; what it
    should not, the inside of a box."""
    left, top, right, bottom = frame
    width, height = plate
    spots = list[Rectangle]()
    for x, y in product((left, right - width), (top - height, bottom, top, bottom - height)):
        x0, y0 = max(0.0, min(x, size[0] - width)), max(0.0, min(y, size[1] - height))
        spots.append((x0, y0, x0 + width, y0 + height))
    return min(spots, key=lambda spot: 10 * _hidden(spot, plates) + _hidden(spot, frames))


def _hidden(spot: Rectangle, others: Sequence[Rectangle]) -> float:
    """How much of the others would be hidden, in square pixels."""
    return sum(
        max(0.0, min(spot[2], other[2]) - max(spot[0], other[0]))
        * max(0.0, min(spot[3], other[3]) - max(spot[1], other[1]))
        for other in others
    )


def _outline(pen: ImageDraw.ImageDraw, frame: Rectangle, colour: Colour, width: int) -> None:
    """A frame that stands out on any ground: the colour between two thin dark lines."""
    left, top, right, bottom = frame
    right, bottom = max(right, left + 3 * width), max(bottom, top + 3 * width)  # never vanishes
    edge = max(1, width // 3)
    pen.rectangle((left, top, right, bottom), outline=(20, 20, 20), width=width + 2 * edge)
    inner = (left + edge, top + edge, right - edge, bottom - edge)
    pen.rectangle(inner, outline=colour, width=width)
