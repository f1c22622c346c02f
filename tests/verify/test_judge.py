"""Facts × expectations → verdict, by tables."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from tasks.archives.reading import Facts, MemberFacts
from tasks.config.types import Digests, LockEntry, Network
from tasks.verify.judge import checkpoint_prefix, judge
from tests.support.archives import tensor_bundle

SHA, OTHER = "a" * 64, "b" * 64
GIT, OTHER_GIT = "1" * 40, "2" * 40
MD5, OTHER_MD5 = "c" * 32, "d" * 32
INDEX, DATA = tensor_bundle({"a": bytes(80)})
NETWORK = Network(name="net", sources=("x",))


def member(size: int = 1) -> MemberFacts:
    return MemberFacts(size, "0" * 64)


MEMBERS = {
    "checkpoint/ckpt-0.index": member(len(INDEX)),
    "checkpoint/ckpt-0.data-00000-of-00001": member(len(DATA)),
    "pipeline.config": MemberFacts(5, "f" * 64, git_blob_sha1=GIT),
    "saved_model/saved_model.pb": member(),
    "saved_model/variables/variables.index": member(len(INDEX)),
    "saved_model/variables/variables.data-00000-of-00001": member(len(DATA)),
}
INDEXES = {path: INDEX for path in MEMBERS if path.endswith(".index")}
FACTS = Facts(100, SHA, GIT, MD5, "net", MEMBERS, INDEXES)


def without(*paths: str) -> Facts:
    return replace(
        FACTS,
        members={p: m for p, m in MEMBERS.items() if p not in paths},
        indexes={p: i for p, i in INDEXES.items() if p not in paths},
    )


def expecting(*, archive: Digests | None = None, **fields: object) -> Network:
    changes = {**fields, **({"archive": archive} if archive else {})}
    return msgspec.structs.replace(NETWORK, **changes)


def test_with_no_record_at_all_only_the_content_is_checked() -> None:
    verdict = judge(FACTS, NETWORK, None)
    assert (verdict.kind, verdict.checked) == ("ok", ("checkpoint lengths",))
    assert verdict.checkpoint_prefix == "checkpoint/ckpt-0"


@pytest.mark.parametrize(
    ("good", "bad", "words"),
    [
        ({"sha256": SHA}, {"sha256": OTHER}, "sha256"),
        ({"md5": MD5}, {"md5": OTHER_MD5}, "md5"),
        ({"git_blob_sha1": GIT}, {"git_blob_sha1": OTHER_GIT}, "git blob id"),
        ({"size": 100}, {"size": 101}, "size"),
    ],
)
def test_each_digest_is_compared_as_sure_as_it_is(
    good: dict[str, object], bad: dict[str, object], words: str
) -> None:
    def verdict_of(digests: dict[str, object], confidence: str) -> tuple[str, bool, int]:
        archive = msgspec.convert({**digests, "confidence": confidence}, Digests)
        verdict = judge(FACTS, expecting(archive=archive), None)
        return verdict.kind, words in verdict.checked, len(verdict.warnings)

    assert verdict_of(good, "confirmed") == ("ok", True, 0)
    assert verdict_of(good, "single-source") == ("ok", True, 0)
    assert verdict_of(bad, "single-source") == ("ok", False, 1)
    assert verdict_of(bad, "confirmed")[0] == "refused"


def test_a_size_may_be_less_sure_than_the_digest() -> None:
    archive = Digests(sha256=SHA, size=7, confidence="confirmed", size_confidence="single-source")
    verdict = judge(FACTS, expecting(archive=archive), None)
    assert verdict.kind == "ok"
    assert verdict.warnings == ("its size is 100, one source alone says 7",)


def test_a_refusal_shows_both_digests_in_short() -> None:
    archive = Digests(sha256=OTHER, confidence="confirmed")
    why = judge(FACTS, expecting(archive=archive), None).why
    assert why == "its sha256 is aaaaaaaaaaaa…, on record is bbbbbbbbbbbb…"


def test_the_lock_is_enforced() -> None:
    assert judge(FACTS, NETWORK, LockEntry(sha256=SHA, size=100)).kind == "ok"
    verdict = judge(FACTS, NETWORK, LockEntry(sha256=OTHER, size=100))
    assert (verdict.kind, "config/zoo.lock" in verdict.why) == ("refused", True)
    assert judge(FACTS, NETWORK, LockEntry(sha256=SHA, size=1)).kind == "refused"


def test_the_lock_overrules_the_catalogue_which_warns_unless_the_user_accepted() -> None:
    network = expecting(
        archive=Digests(sha256=OTHER, confidence="confirmed"),
        members={"pipeline.config": Digests(sha256=OTHER, confidence="confirmed")},
    )
    assert judge(FACTS, network, None).kind == "refused"
    for attested_by, warnings in (("tls", 2), ("user", 0)):
        verdict = judge(FACTS, network, LockEntry(sha256=SHA, size=100, attested_by=attested_by))
        assert (verdict.kind, len(verdict.warnings)) == ("ok", warnings)


@pytest.mark.parametrize(
    ("digests", "kind"),
    [
        (Digests(sha256="f" * 64, confidence="confirmed"), "ok"),
        (Digests(git_blob_sha1=GIT, confidence="confirmed"), "ok"),
        (Digests(sha256=OTHER, confidence="confirmed"), "refused"),
        (Digests(git_blob_sha1=OTHER_GIT, confidence="confirmed"), "refused"),
        (Digests(size=6, confidence="confirmed"), "refused"),
        (Digests(sha256=OTHER), "ok"),
        (Digests(md5=OTHER_MD5, confidence="confirmed"), "ok"),  # its md5 was not found out
    ],
)
def test_members_are_compared_too(digests: Digests, kind: str) -> None:
    verdict = judge(FACTS, expecting(members={"pipeline.config": digests}), None)
    assert verdict.kind == kind
    assert ("md5 of pipeline.config" in verdict.checked) is False


def test_a_recorded_member_that_is_missing_counts_by_its_confidence() -> None:
    confirmed = expecting(members={"x": Digests(size=1, confidence="confirmed")})
    assert judge(FACTS, confirmed, None).why == "its member x is missing, it should be present"
    warned = judge(FACTS, expecting(members={"x": Digests(size=1)}), None)
    assert (warned.kind, len(warned.warnings)) == ("ok", 1)


@pytest.mark.parametrize("path", list(MEMBERS))
def test_every_member_that_the_network_needs_must_be_there(path: str) -> None:
    verdict = judge(without(path), NETWORK, None)
    assert verdict.kind == "unfit"
    assert path in verdict.why


def test_a_checkpoint_only_network_needs_no_more() -> None:
    members = {"ckpt-1.index": member(), "ckpt-1.data-00000-of-00001": member(len(DATA))}
    facts = replace(FACTS, members=members, indexes={"ckpt-1.index": INDEX})
    verdict = judge(facts, expecting(saved_model=False, pipeline_config=False), None)
    assert (verdict.kind, verdict.checkpoint_prefix) == ("ok", "ckpt-1")


@pytest.mark.parametrize("path", [p for p in MEMBERS if ".data-" in p])
def test_a_data_file_must_be_as_long_as_its_index_says(path: str) -> None:
    facts = replace(FACTS, members={**MEMBERS, path: member(79)})
    verdict = judge(facts, NETWORK, None)
    assert verdict.kind == "unfit"
    assert verdict.why == f"its {path} has 79 bytes, its index says 80"


def test_an_index_that_can_not_be_read_makes_the_archive_unfit() -> None:
    facts = replace(FACTS, indexes={**INDEXES, "checkpoint/ckpt-0.index": b"nonsense"})
    assert "checkpoint/ckpt-0.index can't be read" in judge(facts, NETWORK, None).why


def test_other_files_named_index_do_not_matter() -> None:
    facts = replace(
        FACTS,
        members={**MEMBERS, "docs/words.index": member()},
        indexes={**INDEXES, "docs/words.index": b"nonsense"},
    )
    assert judge(facts, NETWORK, None).kind == "ok"


@pytest.mark.parametrize(
    ("paths", "prefix"),
    [
        ((), ""),
        (("saved_model/variables/variables.index",), ""),
        (("checkpoint/ckpt-0.index",), "checkpoint/ckpt-0"),
        (("ckpt-1.index",), "ckpt-1"),
        (("ckpt-9.index", "checkpoint/ckpt-301.index"), "checkpoint/ckpt-301"),
        (("checkpoint/ckpt-2.index", "checkpoint/ckpt-10.index"), "checkpoint/ckpt-10"),
        (("a/b/ckpt-2.index", "a/ckpt-1.index"), "a/ckpt-1"),
        (("checkpoint/model.index", "checkpoint/ckpt-0.index"), "checkpoint/ckpt-0"),
    ],
)
def test_the_checkpoint_is_found_by_its_index(paths: tuple[str, ...], prefix: str) -> None:
    assert checkpoint_prefix(dict.fromkeys(paths)) == prefix


def test_facts_without_indexes_are_judged_by_the_rest() -> None:
    facts = replace(FACTS, indexes={}, git_blob_sha1="", md5="")
    archive = Digests(git_blob_sha1=OTHER_GIT, md5=OTHER_MD5, sha256=SHA, confidence="confirmed")
    verdict = judge(facts, expecting(archive=archive), None)
    assert (verdict.kind, verdict.checked) == ("ok", ("sha256",))
