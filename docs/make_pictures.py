"""Make the pictures of README and docs: `python docs/make_pictures.py`, from the project's root.

Builds a fresh copy of the checkout without internet, its standard output a terminal of 88 columns,
and keeps what it shows, the picture that smoke inference leaves, and the plot of the zoo. With
`python docs/make_pictures.py plot` it makes the plot alone.
`python docs/make_pictures.py page` also compares the networks and photographs the page; that needs
what the browser tests need, see docs/comparing.md.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs/pictures"
WIDTH = 88
EMBEDDED = "ssd_tinynet_320x320_cube_digits"


def shown_by(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What a command writes to a terminal. Standard error is none, so there are no bars."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, WIDTH, 0, 0))
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=theirs, stderr=subprocess.DEVNULL
    ):
        os.close(theirs)
        pieces = []
        while piece := read(ours):
            pieces.append(piece)
    return b"".join(pieces).decode()


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux tells that the other side is closed
        return b""


def svg(text: str) -> str:
    """A terminal's text as a picture that needs nothing from elsewhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi(text.replace("\r\n", "\n").rstrip()))
    drawn = console.export_svg(title="doit")
    start, end = drawn.index("@font-face"), drawn.rindex("@font-face")
    after = drawn.index("}", end) + 1
    return drawn[:start] + drawn[after:]  # the fonts would be fetched from a server


def photograph(page: Path, target: Path) -> None:
    """The page's pictures in a window of 1280 by 900, as Chromium shows them."""
    from playwright.sync_api import sync_playwright

    browser = os.environ.get("TOD_BROWSER") or shutil.which("chromium")
    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser, args=arguments)
        opened = started.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        opened.goto(page.as_uri())
        opened.locator("#pictures").evaluate("(section) => section.scrollIntoView()")
        shot = opened.screenshot()
        started.close()
    with Image.open(io.BytesIO(shot)) as drawn:
        drawn.convert("RGB").quantize(256).save(target, optimize=True)


def keep_plot(folder: Path, environment: dict[str, str]) -> None:
    """The plot as it is with the networks that the workspace is shipped with."""
    plot = [sys.executable, "-m", "doit", "plot"]
    subprocess.run(plot, cwd=folder, env=environment, check=True)
    shutil.copy(folder / "results/zoo.svg", PICTURES / "zoo.svg")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "workspace"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
        if sys.argv[1:] == ["plot"]:
            keep_plot(folder, dict(os.environ))
            return
        environment = {
            **os.environ,
            "TOD_OFFLINE": "1",
            "TOD_CACHE": f"{temporary}/cache",
            "TERM": "xterm-256color",
            "COLUMNS": str(WIDTH),
        }
        text = shown_by([sys.executable, "-m", "doit"], folder, environment)
        PICTURES.mkdir(exist_ok=True)
        (PICTURES / "terminal.svg").write_text(svg("$ doit\n" + text), encoding="utf-8")
        with Image.open(folder / "results" / EMBEDDED / "smoke.png") as drawn:
            drawn.quantize(256).save(PICTURES / "smoke.png", optimize=True)  # a third of the size
        keep_plot(folder, environment)
        if "page" in sys.argv[1:]:
            compare = [sys.executable, "-m", "doit", "compare:cube_faces"]
            subprocess.run(compare, cwd=folder, env=environment, check=True)
            photograph(folder / "results/cube_faces/index.html", PICTURES / "compare.png")


if __name__ == "__main__":
    main()
