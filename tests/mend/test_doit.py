"""`doit mend` in real processes: its options, its help, and the way there and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.annotated import picture, xml
from tests.support.checkouts import Checkout, check_out

PROJECT = '[projects.{name}]\nlabels = ["one", "two"]\nnetworks = []\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Two projects, each with a box that leaves its picture and a label in other case."""
    made = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    made.configure("".join(PROJECT.format(name=name) for name in ("dice", "coins")))
    for name in ("dice", "coins"):
        images = made.root / name / "images/train"
        images.mkdir(parents=True)
        (images / "a.png").write_bytes(picture())
        (images / "a.xml").write_bytes(xml(("Two", 1, 2, 300, 40)))
    return made


def described(checkout: Checkout, project: str = "dice") -> str:
    return (checkout.root / project / "images/train/a.xml").read_text()


def test_the_way_there_and_back(checkout: Checkout) -> None:
    before = described(checkout)
    told = checkout.doit("doctor:dice")
    assert "`doit mend:dice --rename Two=two --write`" in " ".join(told.out.split())

    shown = checkout.doit("mend:dice", "--rename", "Two=two")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("dice: 2 changes, 1 file; nothing is written yet\n")
    assert described(checkout) == before

    done = checkout.doit("mend:dice", "--rename", "Two=two", "--write")
    assert (done.code, done.err) == (0, "")
    assert "<name>two</name>" in described(checkout)
    assert "<xmax>64</xmax>" in described(checkout)
    assert "fault" not in checkout.doit("doctor:dice").out

    undone = checkout.doit("mend:dice", "--undo")
    assert (undone.code, undone.err) == (0, "")
    assert described(checkout) == before
    assert not (checkout.root / "dice/mended").exists()

    checkout.doit("mend:dice", "--write")
    (checkout.root / "dice/images/train/a.xml").write_text("mine")
    refused = checkout.doit("mend:dice", "--undo")
    assert refused.code == 1
    assert "dice/images/train/a.xml was changed since" in refused.err
    assert described(checkout) == "mine"
    cleaned = checkout.doit("clean", "scaffold:dice", "mend:dice")
    assert cleaned.code == 0
    assert "kept dice/mended: it holds the originals of what was mended\n" in cleaned.out
    assert "manifest" not in cleaned.out


def test_the_group_hands_its_options_to_all_projects_in_one_process_or_two(
    checkout: Checkout,
) -> None:
    done = checkout.doit("-n", "2", "mend", "--write", "--rename=Two=two")
    assert done.code == 0, done.said
    for name in ("dice", "coins"):
        assert "<name>two</name>" in described(checkout, name)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("mend:dice", "--wirte"), "option --wirte not recognized; did you mean --write?"),
        (("mend:dice", "--all"), "option --all not recognized; `doit help mend:dice` tells"),
        (("mend:dice", "--rename"), "option --rename requires argument"),
        (("mend:dice", "--rename", "Two=tow"), "tow is not in the label map; did you mean two?"),
        (("mend:dice", "--undo"), "nothing was mended"),
        (("doctor:dice", "--write"), "option --write not recognized; it has no options"),
    ],
)
def test_wrong_words_are_one_line_and_exit_code_3(
    checkout: Checkout, words: tuple[str, ...], why: str
) -> None:
    told = checkout.doit(*words)
    assert told.code == 3
    assert why in told.err
    assert len(told.err.strip().splitlines()) == 1


def test_the_help_tells_the_options_in_80_columns(checkout: Checkout) -> None:
    told = checkout.doit("help", "mend:dice").out
    for option in ("--write", "--undo", "--rename=OLD=NEW", "--resized=HOW"):
        assert option in told
    assert max(map(len, told.splitlines())) <= 80
