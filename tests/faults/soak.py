"""Kill whole runs of `doit` at many instants: `python -m tests.faults.soak --instants 200`.

Each instant is told in one line; the last line sums up. Exit code 1 if any of them lost something.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.support.soak import STEPS, Reference, Scene, scene, undisturbed
from tests.support.soak_strikes import Instant, finish, instants, strike


def main() -> int:
    """Run the soak as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--instants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="skip the instants before this one")
    told = parser.parse_args()
    # Started in the background, a shell has it ignore Ctrl-C, and so every doit that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began, hit, failed = time.monotonic(), Counter[str](), 0
    with (
        tempfile.TemporaryDirectory() as folder,
        scene(Path(folder), size=24 << 20, seconds=1.0, patience=900) as place,
    ):
        undisturbed(place, stand_in=True)  # the first run compiles the modules
        references = {each: undisturbed(place, stand_in=each) for each in (True, False)}
        chosen = instants(told.instants, told.seed, references[True])
        for number, first in list(enumerate(chosen))[told.first :]:
            for instant in earlier_and_earlier(first):
                step, fault = one(place, instant, references[instant.step != "smoke"])
                hit[f"{step} {instant.number.name}"] += 1
                failed += bool(fault)
                say(f"{number:4} {instant.number.name:8} {instant.task:17}", end=" ")
                say(f"{instant.fraction:.3f} in {step:9} {fault or 'ok'}")
                if fault or step == instant.step:
                    break
    for step in (*STEPS, "end"):
        counts = [f"{n} {key.split()[1]}" for key, n in hit.items() if key.startswith(step)]
        say(f"{step:9} {', '.join(sorted(counts))}")
    minutes = (time.monotonic() - began) / 60
    say(f"{hit.total()} instants, {failed} failed, seed {told.seed}, {minutes:.1f} minutes")
    return 1 if failed else 0


def earlier_and_earlier(instant: Instant) -> Iterator[Instant]:
    """One that came when its step was over already is tried again, earlier; it counts as well."""
    for divisor in (1, 2, 4, 8):
        yield replace(instant, fraction=instant.fraction / divisor)


def one(place: Scene, instant: Instant, reference: Reference) -> tuple[str, str]:
    """Strike once and finish; the step that was hit, and what was wrong ("" if nothing)."""
    checkout = place.fresh(stand_in=instant.step != "smoke")
    step = "?"
    try:
        struck = strike(place, checkout, instant, reference)
        step = struck.in_flight(reference)
        finish(place, checkout, struck, reference)
    except Exception:  # the rest of the soak must go on
        return step, traceback.format_exc()
    return step, ""


def say(line: str, end: str = "\n") -> None:
    sys.stdout.write(line + end)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
