"""Which format an annotation is in that is not Pascal VOC, told by the file's beginning."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.annotations.places import CLASSES
from tasks.annotations.reading import head

SNIFFED = 65_536
YOLO = re.compile(rb"\d+([ \t]+-?[\d.]+(e-?\d+)?){4,}\s*$", re.MULTILINE)
JSON_KINDS = (  # keys, and the tools that write them
    (re.compile(rb'"(shapes|imagePath)"\s*:'), "LabelMe"),
    (re.compile(rb'"(asset|assets|visitedAssets)"\s*:'), "VoTT"),
    (re.compile(rb'"source-ref"\s*:'), "SageMaker Ground Truth"),
    (re.compile(rb'"(rectanglelabels|from_name|to_name)"\s*:'), "Label Studio"),
    (re.compile(rb'"(classTitle|classId)"\s*:'), "Supervisely"),
    (re.compile(rb'"(data_row|Labeled Data)"\s*:'), "Labelbox"),
    (re.compile(rb'"(categories|images|licenses)"\s*:'), "COCO"),
    (re.compile(rb'"coordinates"\s*:'), "CreateML"),
    (re.compile(rb'"(regions|shape_attributes|region_attributes)"\s*:'), "VIA"),
)
BY_SUFFIX = {
    ".csv": "CSV",
    ".tsv": "TSV",
    ".lst": "a list",
    ".yaml": "YAML",
    ".yml": "YAML",
    ".vott": "VoTT",
    ".manifest": "SageMaker Ground Truth",
    ".jsonl": "JSON Lines",
    ".ndjson": "JSON Lines",
    ".json": "a JSON format",
}


def format_of(path: Path) -> str:
    """What a file is called that is not Pascal VOC, or not the picture's own."""
    try:
        content = head(path, SNIFFED).replace(b"\0", b"")  # UTF-16 in ASCII
    except (OSError, ValueError):
        content = b""
    suffix = path.suffix.lower()
    if suffix == ".xml":
        is_of_cvat = b"<annotations" in content and b"<image" in content
        return "CVAT" if is_of_cvat else "an XML of another name"
    if path.name in CLASSES or (suffix == ".txt" and (YOLO.match(content) or not content.strip())):
        return "YOLO"
    if suffix == ".csv" and content.lower().startswith((b"imageid,", b"\xef\xbb\xbfimageid,")):
        return "Open Images' CSV"
    known = (name for pattern, name in JSON_KINDS if pattern.search(content))
    told = BY_SUFFIX.get(suffix, "a text format")
    return next(known, told) if suffix in (".json", ".jsonl", ".ndjson") else told
