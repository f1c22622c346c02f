"""Reading what comes from outside costs as its size: twice the input, twice the work."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from requests.structures import CaseInsensitiveDict

from tasks.annotations.annotated import read_pair
from tasks.annotations.folder import Pair
from tasks.annotations.label_map import read_label_map, repeated_fields
from tasks.annotations.other_formats import YOLO
from tasks.annotations.voc import DECLARED, read_annotation
from tasks.archives.names import Names
from tasks.archives.reading import Wanted, read_file
from tasks.archives.tar import Limits
from tasks.checks.checkpoint import class_counts
from tasks.checks.networks import text_faults
from tasks.compare.inputs import read_comparison
from tasks.config import faults, lock
from tasks.config.checks import Source, cross_faults
from tasks.config.parse import settle_names
from tasks.config.types import LockEntry
from tasks.core import receipts, spelling
from tasks.core.addresses import redacted_text
from tasks.core.paths import Workspace
from tasks.formats import tensor_bundle as bundle
from tasks.formats.textproto import parse, path
from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.path import merged
from tasks.formats.textproto.values import ESCAPE
from tasks.inference.saved_model import GRAPH_PLACE, NUM_CLASSES
from tasks.pipeline.receipts import VerifyReceipt
from tasks.pipeline_config.schema import SHAPE, fault, unknown_fields
from tasks.web.answer import (
    Headers,
    content_range,
    if_range,
    is_genuine,
    server_hashes,
    side_car,
)
from tests.support.annotated import xml
from tests.support.archives import file_member, folder_member, tar_gz, tensor_bundle
from tests.support.compared import comparison, job_of, leave, measured
from tests.support.cost import growth

ROOT = Path(__file__).parents[1]
Reader = Callable[[int], Callable[[], object]]


def label_map(items: int) -> bytes:
    return b"".join(
        b"item { id: %d name: 'n%d' name: 'm%d' }\n" % (n, n, n) for n in range(1, items + 1)
    )


def config(fields: int) -> str:
    """A file of one message that stands again and again, and of many fields that have no schema."""
    again = "train_config { batch_size: 1 }\n" * fields
    return again + "".join(f"odd: {n}\nodd {{ deep: [{n}, 'x'] }}\n" for n in range(fields))


def sources(networks: int, *, known: bool) -> list[Source]:
    """A catalogue, and a file with as many projects, whose networks are called by their archives or
    by what no network is called."""
    word = "first/net{}.tar.gz" if known else "odd{}"
    catalogue = {
        f"net{n}": {"sources": [f"https://a.example/first/net{n}.tar.gz"], "labels": "all"}
        for n in range(networks)
    }
    projects = {
        f"p{n}": {"networks": [word.format(n)], "training_of": {word.format(n): {}}, "labels": "b"}
        for n in range(networks)
    }
    return [
        Source("zoo.toml", {"networks": catalogue}),
        Source("own", {"projects": projects}, True),
    ]


def called_alike(networks: int) -> list[Source]:
    """As many networks of one title and of one archive's name, and as many words for them."""
    catalogue = {
        f"n{n}": {"title": "Net", "sources": [f"https://{n}.example/net.tar.gz"]}
        for n in range(networks)
    }
    words = ["net" + "-" * n for n in range(networks)] + [
        f"net.tar.gz?{n}" for n in range(networks)
    ]
    return [Source("own", {"networks": catalogue, "projects": {"p": {"networks": words}}}, True)]


def settled(given: list[Source]) -> list[Source]:
    settle_names(given)
    return given


def annotation(boxes: int) -> bytes:
    return xml(*(("e\u0301", 1, 1, 5, 5),) * boxes)


def joined(boxes: int, folder: Path) -> Callable[[], object]:
    """A picture whose labels are other code points for those of a map of as many."""
    (folder / "a.xml").write_bytes(annotation(boxes))
    (folder / "a.png").write_bytes(b"")
    ids = {"\xe9": 1} | {f"l{n}": n for n in range(2, boxes)}
    return lambda: read_pair(Pair(folder / "a.png", folder / "a.xml"), ids)


def lock_of(networks: int, folder: Path) -> Callable[[], object]:
    entry = LockEntry(sha256="0" * 64, size=1, source="https://a.example/x.tar.gz")
    file = folder / f"{networks}.lock"
    file.write_bytes(lock.encoded({f"net{n}": entry for n in range(networks)}))
    return lambda: [lock.read(file), lock.entry_faults(file.read_bytes())]


def receipt_of(members: int, folder: Path) -> Callable[[], object]:
    found = {f"saved_model/variables/{n}": (n, "0" * 64) for n in range(members)}
    receipts.write(folder / "receipt", VerifyReceipt(definition="d", members=found))
    return lambda: receipts.read(folder / "receipt", VerifyReceipt)


def comparison_of(networks: int, folder: Path) -> Callable[[], object]:
    job = job_of(Workspace(folder))
    leave(job, comparison(*(measured(f"net{n}") for n in range(networks))))
    return lambda: read_comparison(job)


def archive_of(members: int, folder: Path) -> Callable[[], object]:
    """Files in folders of their own, each as an index that is kept."""
    file = folder / "net.tar.gz"
    named = [file_member(f"net/{n}/ckpt.index", b"index") for n in range(members)]
    file.write_bytes(tar_gz([folder_member("net"), *named]))
    return lambda: read_file(file, Wanted(Limits(members=100_000, unpacked=1 << 30)))


def headers(number: int) -> Headers:
    hashes = ", ".join(f"md5={'A' * 22}==, x{n}=AAAA" for n in range(number))
    given = {"x-goog-hash": hashes, "Content-Range": "bytes " + "1" * number, "ETag": '"' * number}
    return CaseInsensitiveDict(given | {f"x-{n}": "v" for n in range(number)})


def answer(number: int) -> Callable[[], object]:
    given = headers(number)
    return lambda: [
        is_genuine(given),
        server_hashes(given),
        content_range(given),
        if_range(side_car("https://a.example/x", given, None)),
    ]


def index_of(tensors: int) -> Callable[[], object]:
    index, _ = tensor_bundle({f"t{n}": bytes(4) for n in range(tensors)})
    return lambda: [bundle.data_lengths(index), bundle.shapes(index)]


def class_heads(number: int) -> Callable[[], object]:
    """An SSD of as many class heads and box heads."""
    heads = (
        "class_predictions_with_background/{}/_class_predictor_layers",
        "box_encodings/{}/_box_encoder_layers",
    )
    place = "_box_predictor/_prediction_heads"
    names = [f"{place}/{head.format(n)}/0/bias/" for n in range(number) for head in heads]
    return lambda: class_counts(dict.fromkeys(names, (12,)), "ssd", add_background=True)


def looking_alike(labels: int) -> Callable[[], object]:
    known = {f"l{n}": n for n in range(labels)}
    return lambda: [spelling.suggestion(f"L{n}", known) for n in range(labels)]


READERS: dict[str, Reader] = {
    "networks called by their archives": lambda n: (
        lambda: cross_faults(settled(sources(n, known=True)))
    ),
    "networks called alike": lambda n: lambda: cross_faults(settled(called_alike(n))),
    "an annotation": lambda n: lambda: read_annotation(annotation(n)),
    "headers of an answer": answer,
    "names of an archive": lambda n: (
        lambda: [names.admit(f"net/{i}/a", "file") for names in [Names()] for i in range(n)]
    ),
    "a checkpoint's index": index_of,
    "a checkpoint's class heads": class_heads,
    "labels that look alike": looking_alike,
    "a label map": lambda n: lambda: read_label_map(label_map(n)),
    "a label map with names twice": lambda n: lambda: repeated_fields(label_map(n)),
    "a pipeline.config": lambda n: lambda: Document(config(n), SHAPE),
    "a config's merged fields": lambda n: (
        lambda: merged(config(n), Document(config(n), SHAPE).root, SHAPE)
    ),
    "a config's unknown fields": lambda n: lambda: list(unknown_fields(Document(config(n), SHAPE))),
    "a config's schema": lambda n: lambda: fault(config(n)),
    "the doctor's rules for text": lambda n: lambda: text_faults(b"a: 'C:\\dir'\n" * n),
    "removing many fields": lambda n: lambda: Document(config(n), SHAPE).remove("odd"),
    "removing many messages": lambda n: lambda: Document(config(n), SHAPE).remove("train_config"),
    "setting what stands many times": lambda n: (
        lambda: Document(config(n), SHAPE).set("train_config.batch_size", 7)
    ),
    "setting many values at once": lambda n: lambda: Document("a: 1\n" * n).set("a", (1,) * n),
}


FILES: dict[str, Callable[[int, Path], Callable[[], object]]] = {
    "labels in other code points": joined,
    "zoo.lock": lock_of,
    "a receipt": receipt_of,
    "comparison.json": comparison_of,
    "an archive": archive_of,
}


@pytest.mark.parametrize("name", FILES)
def test_ten_times_the_file_is_ten_times_the_work(name: str, tmp_path: Path) -> None:
    assert growth(lambda n: FILES[name](n, tmp_path), 20) < 1.3


DOUBTFUL: dict[str, Callable[[int], Callable[[], object]]] = {
    "blank lines before num_classes": lambda n: lambda: NUM_CLASSES.search("\n" * n),
    "a message of braces": lambda n: lambda: GRAPH_PLACE.sub("", "{{" * n),
    "numbers as YOLO has them": lambda n: lambda: YOLO.match(b"1 " * n + b"x"),
    "one long number": lambda n: lambda: YOLO.match(b"1" * n + b"x"),
    "declarations of XML": lambda n: lambda: DECLARED.search("<?xml encoding=" * n),
    "an address of signs": lambda n: lambda: redacted_text("http://" + "@?#:/" * n),
    "many addresses": lambda n: lambda: redacted_text("url: /a://" * n),
    "a string that does not end": lambda n: lambda: list(parse.PATTERN.finditer("'" + "\\a" * n)),
    "a comment of marks": lambda n: lambda: list(parse.PATTERN.finditer("#'\"" * n)),
    "an escape that does not end": lambda n: lambda: list(ESCAPE.finditer(b"\\" * n)),
    "a path of steps": lambda n: lambda: list(path.STEP.finditer("a[" * n)),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_no_pattern_goes_back_again_and_again(name: str) -> None:
    """Within a pattern no steps are counted: one that goes back at every place would take minutes
    for a text of this length."""
    start = time.process_time()
    DOUBTFUL[name](30_000)()
    assert time.process_time() - start < 2


@pytest.mark.parametrize("name", READERS)
def test_ten_times_the_input_is_ten_times_the_work(name: str) -> None:
    assert growth(READERS[name], 20) < 1.3


def test_names_that_are_near_are_looked_for_until_it_would_take_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of many unknown names would be compared with each of many known ones."""
    monkeypatch.setattr(faults, "EFFORT", 100)

    def unknown(size: int) -> Callable[[], object]:
        return lambda: faults.all_faults(settled(sources(size, known=False)), (), ROOT)

    assert growth(unknown, 20) < 1.3
    last = faults.all_faults(settled(sources(20, known=False)), (), ROOT)[-1]
    assert re.fullmatch(r"config: for \d+ of these, similar names were not searched for", last)
