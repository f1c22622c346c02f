"""A proof that takes a minute: the Object Detection API reads every tailored file as it is meant.

    python -m tests.proof.configs_for_real --python … --api … [CONFIG …]

For each meta-architecture (and each CONFIG given, say a pipeline.config of the zoo) the file is
tailored; then the API's own `config_util` parses it, its values are those that we meant, all else
equals the original, and the API builds the network and the optimizer from it. Exit code 1 if not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tasks.formats.textproto.edit import Values
from tasks.formats.textproto.values import Word
from tasks.pipeline_config import edit, rules
from tasks.pipeline_config.training import TrainingSettings
from tests.proof import api
from tests.support.pipeline_configs import ALL

FACTS = rules.Facts(
    classes=2,
    checkpoint="pre-trained/net/checkpoint/ckpt-301",
    label_map="cube_faces/training/label_map.pbtxt",
    train_record="cube_faces/training/train.record",
    test_record="cube_faces/training/test.record",
    settings=TrainingSettings(
        max_detections=4,
        max_boxes=4,
        overrides={
            "eval_config.batch_size": 1,
            "eval_config.metrics_set": ("coco_detection_metrics",),
            "train_config.fine_tune_checkpoint_version": "V2",
        },
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("configs", type=Path, nargs="*")
    given = api.arguments(parser)
    texts = {name: text.encode() for name, text in ALL.items()}
    texts |= {path.resolve().parent.name: path.read_bytes() for path in given.configs}
    with tempfile.TemporaryDirectory() as folder:
        cases = [case(Path(folder), number, text) for number, text in enumerate(texts.values())]
        listing = Path(folder) / "cases.json"
        listing.write_text(json.dumps(cases))
        said = api.run(given, "compare", str(listing), cwd=Path(folder), timeout=600)
    answers = json.loads(said.rpartition("ANSWERS ")[2].splitlines()[0])
    for name, answer in zip(texts, answers, strict=True):
        verdict = "equals what was meant" if answer["equal"] else "DIFFERS from what was meant"
        print(f"{name}: {verdict}; {answer['built'] or 'the API builds it'}")
    return 0 if all(a["equal"] and not a["built"] for a in answers) else 1


def case(folder: Path, number: int, text: bytes) -> dict[str, object]:
    """The original and the tailored file, and the values meant, for `in_api.py compare`."""
    original, tailored = folder / f"{number}.original", folder / f"{number}.config"
    base = edit.read_own(text)
    changes = rules.changes(base, FACTS)
    original.write_bytes(text)
    tailored.write_bytes(edit.tailored(base, changes).content)
    values = {change.path: plain(change.value) for change in changes}
    return {"original": str(original), "tailored": str(tailored), "values": values}


def plain(value: Values | None) -> object:
    """A value as JSON has it; the name of an enum's value as text."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.text if isinstance(value, Word) else value


if __name__ == "__main__":
    sys.exit(main())
