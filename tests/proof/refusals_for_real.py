"""A proof that takes a minute: the Object Detection API refuses what the doctor says it does.

    python -m tests.proof.refusals_for_real --python … --api …

Each sound file of the tests must be built, and each with one of their faults must not. What the
training loop refuses only once it runs is not tried. Exit code 1 if the API thinks otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.checks.test_refusals import REFUSED, with_fault
from tests.proof import api
from tests.support.pipeline_configs import ALL

# Refused by model_lib_v2.train_loop, or when the first rate is asked for.
LATER = ("load_all_detection_checkpoint_vars", "train_config.batch_size", "warmup_learning_rate")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    given = api.arguments(parser)
    faults = [case for case in REFUSED if not case[1].endswith(LATER)]
    texts = [*ALL.values(), *(with_fault(*case[:3]).text for case in faults)]
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "texts.json"
        listing.write_text(json.dumps(texts))
        said = api.run(given, "refuse", str(listing), cwd=Path(folder), timeout=600)
    answers = json.loads(said.rpartition("ANSWERS ")[2].splitlines()[0])
    names = [*ALL, *(f"{name}: {path} = {value}" for name, path, value, _ in faults)]
    for name, answer in zip(names, answers, strict=True):
        print(f"{name}: {answer or 'the API builds it'}")
    return 0 if not any(answers[: len(ALL)]) and all(answers[len(ALL) :]) else 1


if __name__ == "__main__":
    sys.exit(main())
