"""A real browser, if there is one, and pages to open in it. See docs/comparing.md."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tasks.core.paths import Workspace
from tasks.inference.results import Detection, GroundTruth, PictureDetections, Result
from tests.support.compared import (
    EXPORT,
    LABELS,
    MACHINE,
    NETWORKS,
    RCNN,
    SSD,
    accuracy,
    believable,
    built,
    comparison,
    figures,
    job_of,
    make,
    measured,
    trained,
)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# A test must not wait for an update or a first-run page; without a screen there is no GPU.
QUIET = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
DEFERRED = "efficientdet_d0_512x512"
HOSTILE = "<script>alert(1)</script>"


@dataclass
class Opened:
    """An opened page, and what it did that it should not.

    Attributes:
        page: Playwright's.
        asked: addresses that it asked for, but for its own file and data: addresses.
        complained: errors and warnings of the console, exceptions, breaches of its policy.
    """

    page: Any
    asked: list[str] = field(default_factory=list)
    complained: list[str] = field(default_factory=list)

    def captions(self) -> list[str]:
        """The captions under the pictures: how many boxes of which kind."""
        return list(self.page.locator(".caption").all_inner_texts())

    def count(self, selector: str) -> int:
        return int(self.page.locator(selector).count())

    def come_near(self) -> None:
        """Scroll to the pictures: what is far from the window is not redrawn."""
        self.page.locator(".picture").first.scroll_into_view_if_needed()
        self.page.wait_for_timeout(100)

    def set_threshold(self, percent: int) -> None:
        self.page.locator("#threshold").fill(str(percent))


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    reason = "the packages of requirements-browser.lock are not installed"
    api = pytest.importorskip("playwright.sync_api", reason=reason)
    pytest.importorskip("axe_playwright_python", reason=reason)
    wanted = os.environ.get("TOD_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if not wanted:
        pytest.skip("no Chromium is here; TOD_BROWSER names one")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*QUIET, *(["--no-sandbox"] if root else [])]
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=wanted, args=arguments)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Open]:
    """Opens a file in a fresh context; options are Playwright's for contexts."""
    contexts = []

    def opened(path: Path, **options: Any) -> Opened:
        context = browser.new_context(**options)
        contexts.append(context)
        made = Opened(context.new_page())
        listen(made)
        made.page.goto(path.as_uri())
        return made

    yield opened
    for context in contexts:
        context.close()


def listen(opened: Opened) -> None:
    """Take down what the page asks for and complains of."""
    page = opened.page

    def asked(request: Any) -> None:
        if not request.url.startswith(("data:", "file:")):
            opened.asked.append(request.url)

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            opened.complained.append(message.text)

    page.on("request", asked)
    page.on("console", said)
    page.on("pageerror", lambda error: opened.complained.append(str(error)))
    page.on("dialog", lambda dialog: opened.complained.append(f"dialog: {dialog.message}"))
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.blockedURI))"
    )


def sights(number: int, labels: tuple[str, ...], size: tuple[int, int]) -> list[PictureDetections]:
    """Pictures with some objects each, and what two networks make of them."""
    chance = random.Random(number)
    made = []
    for place in range(number):
        truth = tuple(mark(chance, labels) for _ in range(chance.randrange(5)))
        found = {
            SSD: believable(truth, chance, noise=0.03, missed=0.05, labels=labels),
            RCNN: believable(truth, chance, noise=0.13, missed=0.2, labels=labels),
        }
        name = f"image{place:04d}.png"
        path = f"cube_faces/images/test/{name}"
        if place % 2:
            found[SSD] = (*found[SSD], Detection("unheard of", 0.7, (0.1, 0.1, 0.6, 0.6)))
        made.append(PictureDetections(name=name, path=path, size=size, truth=truth, found=found))
    return made


def mark(chance: random.Random, labels: tuple[str, ...]) -> GroundTruth:
    y, x = chance.random() * 0.7, chance.random() * 0.7
    return GroundTruth(chance.choice(labels), (y, x, y + 0.2, x + 0.2))


def page_of(folder: Path, number: int, size: tuple[int, int] = (160, 120)) -> Path:
    """The page of two networks and a deferred one, measured on two machines."""
    workspace = Workspace(folder)
    labels = (*LABELS, HOSTILE)
    job = job_of(workspace, SSD, RCNN, DEFERRED)
    for network in (SSD, RCNN):
        built(workspace, network)
    elsewhere = figures(0.48, machine=replace(MACHINE, processor="Example CPU 9"))
    left = comparison(
        measured(SSD, accuracy=accuracy(0.87, labels)),
        measured(RCNN, accuracy=accuracy(0.41, labels), figures=elsewhere),
        Result(network=DEFERRED, status="deferred", why="no host can be reached"),
        pictures=number,
        annotated=number,
        remarks=("b.xml: it has no size",),
    )
    make(job, left, *sights(number, labels, size))
    return workspace.comparison_page(job.name)


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of twelve pictures."""
    assert DEFERRED not in NETWORKS
    return page_of(tmp_path_factory.mktemp("page"), 12)


@pytest.fixture(scope="session")
def trained_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of twelve pictures and of a network that was trained."""
    workspace = Workspace(tmp_path_factory.mktemp("trained"))
    labels = (*LABELS, HOSTILE)
    left = comparison(
        measured(SSD, accuracy=accuracy(0.41, labels)),
        measured(EXPORT, accuracy=accuracy(0.87, labels)),
        pictures=12,
        annotated=12,
    )
    seen = (
        replace(one, found={EXPORT: one.found[SSD], SSD: one.found[RCNN]})
        for one in sights(12, labels, (160, 120))
    )
    make(trained(job_of(workspace, SSD)), left, *seen)
    return workspace.comparison_page("cube_faces")


@pytest.fixture(scope="session")
def large_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two thousand pictures."""
    return page_of(tmp_path_factory.mktemp("large"), 2000, (800, 600))
