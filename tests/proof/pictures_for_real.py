"""A proof over any pictures: what a record holds is what TensorFlow decodes to what is measured.

    python -m tests.proof.pictures_for_real FOLDER …

Every file below the folders is taken for a picture, whatever its name; the test pictures of the
pillow project are a good choice (`Tests/images` of its source distribution). Each is refused by
name, or a record holds bytes that `tf.io.decode_image` decodes to the very pixels that smoke and
measure run on, which are those that people see. Ends with how many there were of each, and with
exit code 1 if one is neither.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

from tests.support.decoders import DisagreementError, judge


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--refusals", action="store_true", help="tell why each was refused")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # Pillow's, of pictures that are damaged on purpose
    verdicts = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(file for place in given.folders for file in place.rglob("*")):
            if path.is_file():
                verdict = judged(path, Path(folder, "picture"))
                if not verdict.startswith("refused") or given.refusals:
                    print(f"{path}: {verdict}")
                verdicts[verdict.partition(":")[0]] += 1
    print(", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items())))
    return 1 if verdicts["WRONG"] else 0


def judged(path: Path, place: Path) -> str:
    try:
        return judge(path.read_bytes(), place)
    except DisagreementError as error:
        return f"WRONG: {error}"
    except Exception as error:
        return f"WRONG: {type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.exit(main())
