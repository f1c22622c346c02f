"""Is this the archive that was asked for? Facts and expectations in, a verdict out.

Three things can be wrong with an archive that is whole:

    refused   it is unlike a confirmed record, or unlike config/zoo.lock
    unfit     it lacks what its network must have, or a checkpoint in it is not complete
    (warned)  it is unlike a record that one source alone gives

The lock overrules the catalogue's records: what it holds was trusted once, by use or by the user's
own word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from tasks.archives.reading import Facts, MemberFacts
from tasks.config.types import Digests, LockEntry, Network
from tasks.formats import tensor_bundle

LOCK = "config/zoo.lock"
VARIABLES = "saved_model/variables/variables"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of it.

    Attributes:
        why: if not `ok`, what is wrong, as a clause about the archive.
        checked: what was compared and agreed, in words.
        warnings: one clause each.
        checkpoint_prefix: path below the top folder, "" if there is no checkpoint.
    """

    kind: Literal["ok", "refused", "unfit"]
    why: str = ""
    checked: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    checkpoint_prefix: str = ""


class _Comparison(NamedTuple):
    what: str
    expected: str | int
    found: str | int
    fails: bool
    by: str

    @property
    def agrees(self) -> bool:
        return self.expected == self.found

    @property
    def words(self) -> str:
        return f"its {self.what} is {_short(self.found)}, {self.by} {_short(self.expected)}"


def judge(facts: Facts, network: Network, entry: LockEntry | None) -> Verdict:
    """Compare an archive with the lock, with the catalogue, and with what its network must have.

    Facts that were not found out (an empty digest) are not compared, and not said to be checked.
    """
    comparisons = list(_with_catalogue(facts, network, entry is None))
    every = (*_with_lock(facts, entry), *comparisons)
    failures = [c.words for c in every if c.fails and not c.agrees]
    if failures:
        return Verdict("refused", failures[0])
    accepted = entry is not None and entry.attested_by == "user"
    warnings = () if accepted else tuple(c.words for c in comparisons if not c.agrees)
    locked = (LOCK,) if entry is not None else ()
    checked = (*locked, *(c.what for c in comparisons if c.agrees))
    prefix = checkpoint_prefix(facts.members)
    if (lack := _lack(facts, network, prefix)) is not None:
        return Verdict("unfit", lack, checked, warnings, prefix)
    lengths = ("checkpoint lengths",) if facts.indexes else ()
    return Verdict("ok", "", (*checked, *lengths), warnings, prefix)


def _with_lock(facts: Facts, entry: LockEntry | None) -> Iterator[_Comparison]:
    if entry is not None:
        yield _Comparison("sha256", entry.sha256, facts.sha256, True, f"{LOCK} has")
        yield _Comparison("size", entry.size, facts.size, True, f"{LOCK} has")


def _with_catalogue(facts: Facts, network: Network, enforced: bool) -> Iterator[_Comparison]:
    yield from _records("", network.archive, facts, enforced)
    for path, digests in network.members.items():
        found = facts.members.get(path)
        if found is not None:
            yield from _records(f" of {path}", digests, found, enforced)
        else:
            fails = enforced and digests.confidence == "confirmed"
            yield _Comparison(f"member {path}", "present", "missing", fails, "it should be")


def _records(
    of: str, digests: Digests, found: Facts | MemberFacts, enforced: bool
) -> Iterator[_Comparison]:
    """Each recorded digest that was also found out. A size has its own confidence."""
    confirmed = enforced and digests.confidence == "confirmed"
    size_confirmed = enforced and (digests.size_confidence or digests.confidence) == "confirmed"
    for name, words in (("sha256", "sha256"), ("md5", "md5"), ("git_blob_sha1", "git blob id")):
        expected, actual = getattr(digests, name), getattr(found, name)
        if expected and actual:
            by = _on_record(digests.confidence == "confirmed")
            yield _Comparison(words + of, expected, actual, confirmed, by)
    if digests.size is not None:
        by = _on_record((digests.size_confidence or digests.confidence) == "confirmed")
        yield _Comparison("size" + of, digests.size, found.size, size_confirmed, by)


def _on_record(confirmed: bool) -> str:
    return "on record is" if confirmed else "one source alone says"


def _short(value: str | int) -> str:
    text = str(value)
    return f"{text[:12]}…" if re.fullmatch("[0-9a-f]{32,}", text) else text


def checkpoint_prefix(members: Mapping[str, object]) -> str:
    """The checkpoint to load: in checkpoint/ rather than elsewhere, the shallowest, the latest.

    Archives name it `checkpoint/ckpt-0`, `checkpoint/ckpt-301` or, with no folder, `ckpt-1`.
    """
    prefixes = [path.removesuffix(".index") for path in members if path.endswith(".index")]
    checkpoints = [prefix for prefix in prefixes if not prefix.startswith("saved_model/")]
    return min(checkpoints, key=_preference, default="")


def _preference(prefix: str) -> tuple[bool, int, int, str]:
    path = PurePosixPath(prefix)
    number = re.search(r"([0-9]{1,18})\Z", path.name)
    latest_first = -int(number[1]) if number else 1
    return path.parts[0] != "checkpoint", len(path.parts), latest_first, prefix


def _lack(facts: Facts, network: Network, prefix: str) -> str | None:
    """What makes the archive unfit: a missing member, or a data file of another length."""
    required = [f"{prefix or 'checkpoint/ckpt-0'}.index"]
    if network.saved_model:
        required += ["saved_model/saved_model.pb", f"{VARIABLES}.index"]
    if network.pipeline_config:
        required += ["pipeline.config"]
    if missing := [path for path in required if path not in facts.members]:
        return f"it holds no {' and no '.join(missing)}"
    for path, content in facts.indexes.items():
        stem = path.removesuffix(".index")
        if not tensor_bundle.is_index(content) and stem not in (prefix, VARIABLES):
            continue  # some other file with this suffix
        if (fault := _bundle_fault(stem, content, facts.members)) is not None:
            return fault
    return None


def _bundle_fault(stem: str, index: bytes, members: Mapping[str, MemberFacts]) -> str | None:
    try:
        lengths = tensor_bundle.data_lengths(index)
    except ValueError as fault:
        return f"its {stem}.index can't be read: {fault}"
    for number, length in enumerate(lengths):
        path = f"{stem}.data-{number:05}-of-{len(lengths):05}"
        if path not in members:
            return f"it holds no {path}"
        if members[path].size != length:
            return f"its {path} has {members[path].size} bytes, its index says {length}"
    return None
