"""A trainer's process: what it tells, and how it may end."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.core.errors import TrainingError
from tasks.training import process
from tasks.training.messages import Begin, End, Step, Told

STEP = '{"kind": "step", "step": 1, "loss": 2.0, "rate": 0.1, "seconds": 0.2}'
BEGIN = '{"kind": "begin", "step": 0, "steps": 9, "resumed": false}'
END = '{"kind": "end", "reason": "steps"}'


class Trainer:
    """A program in the place of a trainer."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder, list[Told]()
        self.take: Callable[[Told], None] = self.told.append
        self.log = folder / "log" / "train.log"

    def run(self, program: str) -> End:
        (self.folder / "a_trainer.py").write_text(textwrap.dedent(program))
        variables = {**os.environ, "PYTHONPATH": str(self.folder)}
        request = self.folder / "request.json"
        return process.listen("net", "a_trainer", request, self.log, variables, self.take)


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    return Trainer(tmp_path)


def test_what_it_tells_is_handed_on_until_its_end(trainer: Trainer) -> None:
    end = trainer.run(f"print('''{BEGIN}\\n{STEP}\\n{END}''')")
    assert trainer.told == [
        Begin(step=0, steps=9, resumed=False),
        Step(step=1, loss=2.0, rate=0.1, seconds=0.2),
    ]
    assert end == End(reason="steps")


def test_what_it_prints_beside_goes_to_the_log(trainer: Trainer) -> None:
    trainer.run(f"import sys; print('of TensorFlow', file=sys.stderr); print('{END}')")
    assert trainer.log.read_text() == "of TensorFlow\n"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ('print(\'{"kind": "fault", "why": "no such record"}\')', "net: no such record"),
        ("import sys; sys.exit(3)", "ended without a word (exit code 3)"),
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9: out of memory"),
        ("import os; os.abort()", "killed by signal 6"),
        ("print('warming up')", "told something that can't be read"),
        ('print(\'{"kind": "step"}\')', "told something that can't be read"),
    ],
)
def test_each_way_to_fail_is_one_line(trainer: Trainer, program: str, why: str) -> None:
    with pytest.raises(TrainingError) as caught:
        trainer.run(program)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "train.log" in str(caught.value)


def test_whoever_stops_listening_has_it_stopped_and_waits_for_its_last_checkpoint(
    trainer: Trainer,
) -> None:
    left = trainer.folder / "checkpoint"
    program = f"""
        import signal, sys, time
        def leave(number, frame):
            time.sleep(0.3)
            open({str(left)!r}, "w").close()
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        print('''{BEGIN}''', flush=True)
        time.sleep(60)
    """

    def stop(message: Told) -> None:
        raise KeyboardInterrupt

    trainer.take = stop
    with pytest.raises(KeyboardInterrupt):
        trainer.run(program)
    assert left.exists()


def test_its_environment_finds_our_modules_before_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "of-the-user")
    folders = process.environment(tmp_path)["PYTHONPATH"].split(os.pathsep)
    assert folders[1:] == [str(tmp_path), "of-the-user"]
    assert (Path(folders[0]) / "embedded" / "finetune.py").is_file()
