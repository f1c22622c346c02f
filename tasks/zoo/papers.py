"""What to cite when a network is used: the paper of its family, and that of the API."""

from __future__ import annotations

from msgspec import Struct

from tasks.config.types import Family


class Paper(Struct, frozen=True):
    """A publication; `arxiv` is its number at arXiv."""

    authors: tuple[str, ...]
    title: str
    venue: str
    year: int
    arxiv: str

    def __str__(self) -> str:
        """`Ren, He, Girshick, Sun: Faster R-CNN: …. NeurIPS 2015, arXiv:1506.01497`."""
        names = [author.rpartition(" ")[2] for author in self.authors]
        listed = ", ".join(names) if len(names) <= 4 else f"{names[0]} et al."
        where = f"{self.venue} {self.year}".strip()
        return f"{listed}: {self.title}. {where}, arXiv:{self.arxiv}"


API = Paper(
    (
        "Jonathan Huang",
        "Vivek Rathod",
        "Chen Sun",
        "Menglong Zhu",
        "Anoop Korattikara",
        "Alireza Fathi",
        "Ian Fischer",
        "Zbigniew Wojna",
        "Yang Song",
        "Sergio Guadarrama",
        "Kevin Murphy",
    ),
    "Speed/accuracy trade-offs for modern convolutional object detectors",
    "CVPR",
    2017,
    "1611.10012",
)

FAMILIES: dict[Family, Paper] = {
    "Faster R-CNN": Paper(
        ("Shaoqing Ren", "Kaiming He", "Ross Girshick", "Jian Sun"),
        "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks",
        "NeurIPS",
        2015,
        "1506.01497",
    ),
    "Mask R-CNN": Paper(
        ("Kaiming He", "Georgia Gkioxari", "Piotr Dollár", "Ross Girshick"),
        "Mask R-CNN",
        "ICCV",
        2017,
        "1703.06870",
    ),
    "SSD": Paper(
        (
            "Wei Liu",
            "Dragomir Anguelov",
            "Dumitru Erhan",
            "Christian Szegedy",
            "Scott Reed",
            "Cheng-Yang Fu",
            "Alexander C. Berg",
        ),
        "SSD: Single Shot MultiBox Detector",
        "ECCV",
        2016,
        "1512.02325",
    ),
    "EfficientDet": Paper(
        ("Mingxing Tan", "Ruoming Pang", "Quoc V. Le"),
        "EfficientDet: Scalable and Efficient Object Detection",
        "CVPR",
        2020,
        "1911.09070",
    ),
    "CenterNet": Paper(
        ("Xingyi Zhou", "Dequan Wang", "Philipp Krähenbühl"),
        "Objects as Points",
        "",
        2019,
        "1904.07850",
    ),
    "ExtremeNet": Paper(
        ("Xingyi Zhou", "Jiacheng Zhuo", "Philipp Krähenbühl"),
        "Bottom-up Object Detection by Grouping Extreme and Center Points",
        "CVPR",
        2019,
        "1901.08043",
    ),
}


def papers(family: Family, *, of_the_zoo: bool) -> tuple[Paper, ...]:
    """What a network of this family rests on; the API trained those of the zoo only."""
    return (*([FAMILIES[family]] if family in FAMILIES else []), *([API] if of_the_zoo else []))
