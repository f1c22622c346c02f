"""The page about a project's pictures in a browser: who can use it, where, and what it does when it
is used."""

from __future__ import annotations

import random
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from PIL import Image

from tasks.core.paths import Workspace
from tasks.look import step
from tasks.pipeline.job import Silent
from tests.browser.conftest import HOSTILE, Open, Opened
from tests.browser.test_page import DESKTOP, LOOKS, PLAIN, barriers, is_quiet
from tests.support.annotated import Edges, proposed, xml
from tests.support.projects import TAILORED, project_job, scaffold

LABELS = ("one", "two", "a rather long label that tells what stands there", HOSTILE)
SIZES = ((640, 480), (480, 640), (320, 320), (1200, 300))


@pytest.fixture(scope="session")
def data_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of forty pictures, a few of them with something to be told."""
    job = project_job(Workspace(tmp_path_factory.mktemp("data")), "net", labels=LABELS)
    scaffold(job)
    config = job.workspace.training(job.name, "net") / "pipeline.config"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_bytes(TAILORED)
    chance = random.Random(0)
    for number in range(40):
        folder = job.workspace.images(job.name, "train" if number % 5 else "test")
        size, path = SIZES[number % len(SIZES)], folder / f"picture{number:02}.jpg"
        path.write_bytes(_drawn(chance, size))
        boxes = [_box(chance, size) for _ in range(chance.randrange(6))]
        path.with_suffix(".xml").write_bytes(xml(*boxes, size=size, filename=path.name))
    images = job.workspace.images(job.name, "train")
    outside = xml(("one", 10, 20, 9000, 300), size=SIZES[1], filename="picture01.jpg")
    (images / "picture01.xml").write_bytes(outside)
    (images / "picture02.xml").write_bytes(xml(("unheard of", 1, 2, 30, 40), size=SIZES[2]))
    (images / "picture03.jpg").write_bytes(b"no picture")
    (images / "picture04.xml").write_bytes(proposed(("two", 10, 20, 60, 40)))
    (images / "picture06.xml").unlink()
    (images / "twin.jpg").write_bytes((images / "picture07.jpg").read_bytes())
    step.run(job, Silent())
    return job.workspace.data_page(job.name)


def _drawn(chance: random.Random, size: tuple[int, int]) -> bytes:
    patches = Image.frombytes("RGB", (6, 5), chance.randbytes(90))
    stream = BytesIO()
    patches.resize(size, Image.Resampling.BICUBIC).save(stream, "JPEG")
    return stream.getvalue()


def _box(chance: random.Random, size: tuple[int, int]) -> Edges:
    x, y = chance.random() * size[0] * 0.7, chance.random() * size[1] * 0.7
    wide, high = size[0] * (0.02 + chance.random() * 0.25), size[1] * (0.05 + chance.random() * 0.2)
    return escape(chance.choice(LABELS)), x, y, x + wide, y + high


def shown(opened: Opened) -> int:
    return opened.count(".picture:not([hidden])")


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious(open_page: Open, data_page: Path, look: dict[str, Any]) -> None:
    assert not barriers(open_page(data_page, **look))


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_is_asked_for_and_nothing_is_complained_of(
    open_page: Open, data_page: Path, look: dict[str, Any]
) -> None:
    opened = open_page(data_page, **look)
    opened.page.locator("#kind").select_option("noted")
    opened.page.mouse.wheel(0, 5000)
    opened.page.wait_for_timeout(100)
    assert is_quiet(opened)
    assert opened.count("svg script") == 0


@pytest.mark.parametrize("width", [320, 360, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(open_page: Open, data_page: Path, width: int) -> None:
    opened = open_page(data_page, viewport={"width": width, "height": 800})
    opened.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_pictures_are_narrowed_by_keys(open_page: Open, data_page: Path) -> None:
    opened = open_page(data_page, **DESKTOP)
    assert shown(opened) == 41
    opened.page.locator("#kind").focus()
    opened.page.keyboard.press("End")
    assert 0 < shown(opened) < 41
    assert opened.page.locator("#shown").inner_text() == f"{shown(opened)} pictures"
    opened.page.keyboard.press("Home")
    assert shown(opened) == 41
    opened.page.locator("#label").focus()
    opened.page.keyboard.press("End")
    assert 0 < shown(opened) < 41


def test_the_first_tab_leads_past_the_head(open_page: Open, data_page: Path) -> None:
    opened = open_page(data_page, **DESKTOP)
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.className") == "skip"
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.id") == "main"


def test_without_javascript_all_pictures_are_there_and_no_controls(
    open_page: Open, data_page: Path
) -> None:
    opened = open_page(data_page, **PLAIN)
    assert shown(opened) == 41
    assert not opened.page.locator("#controls").is_visible()


def test_on_paper_there_are_pictures_and_no_controls(open_page: Open, data_page: Path) -> None:
    opened = open_page(data_page, viewport={"width": 690, "height": 1000})
    opened.page.emulate_media(media="print")
    assert not opened.page.locator("#controls").is_visible()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 690
