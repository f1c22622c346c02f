"""What header values mean, and that hostile ones do no harm."""

from __future__ import annotations

import base64
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.web import answer
from tasks.web.answer import SideCar

KNOWN = SideCar(url="u", etag='"one"', last_modified="then", generation="7", total=10)
SAME = {"ETag": '"one"', "Content-Range": "bytes 4-9/10"}
HEADERS = st.sampled_from(
    ["ETag", "Last-Modified", "Content-Range", "Content-Length", "Retry-After", "x-goog-hash",
     "Content-Type", "Content-Encoding", "Transfer-Encoding", "x-goog-generation"]
)  # fmt: skip
VALUES = st.one_of(
    st.text(st.characters(max_codepoint=255)),
    st.from_regex(r"bytes [0-9*]{1,22}-?[0-9]*/[0-9*]{1,22}"),
    st.from_regex(r"(md5|crc32c)=[A-Za-z0-9+/=]*(, ?(md5|crc32c)=[A-Za-z0-9+/=]*)?"),
    st.integers().map(str),
    st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} (Jan|Feb|Xyz) [0-9]{1,9} [0-9]{2}:[0-9]{2}:[0-9]{2}"),
)


@pytest.mark.parametrize(
    ("status", "genuine", "expected"),
    [
        (200, False, "body"),
        (206, False, "part"),
        (302, False, "redirect"),
        (403, True, "no"),
        (403, False, "stranger"),
        (404, True, "no"),
        (404, False, "stranger"),
        (407, True, "stranger"),
        (416, True, "range"),
        (429, True, "retry"),
        (503, True, "retry"),
        (503, False, "stranger"),
        (501, True, "no"),
    ],
)
def test_what_the_zoos_bucket_answers_counts_if_it_is_the_bucket(
    status: int, genuine: bool, expected: str
) -> None:
    headers = {"X-GUploader-UploadID": "x"} if genuine else {"Server": "squid"}
    assert answer.verdict(status, headers, from_storage=True) == expected


@pytest.mark.parametrize(
    ("status", "expected"), [(403, "no"), (404, "no"), (500, "retry"), (407, "stranger")]
)
def test_any_other_server_speaks_for_itself(status: int, expected: str) -> None:
    assert answer.verdict(status, {}, from_storage=False) == expected


@pytest.mark.parametrize("text", ["", "-1", "5, 5", "1e3", "٣", "9" * 19, " ", "0x10"])
def test_a_length_that_is_no_plain_number_is_none(text: str) -> None:
    assert answer.length_of({"Content-Length": text}) is None


def test_the_stored_length_stands_in_for_a_missing_one() -> None:
    assert answer.length_of({"x-goog-stored-content-length": "9"}) == 9
    assert answer.length_of({"Transfer-Encoding": "chunked", "Content-Length": "5"}) is None


def test_the_right_rest_is_gone_on_with() -> None:
    assert answer.why_not_continue(KNOWN, 4, SAME) == ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"Content-Range": "bytes 5-9/10"}, "begins elsewhere"),
        ({"Content-Range": ""}, "begins elsewhere"),
        ({"Content-Range": "bytes */10"}, "begins elsewhere"),
        ({"Content-Range": "bytes 4-10/11"}, "total"),
        ({"ETag": '"two"'}, "ETag"),
        ({"ETag": ""}, "ETag"),
        ({"x-goog-generation": "8"}, "generation"),
        ({"Last-Modified": "now"}, "Last-Modified"),
        ({"Content-Length": "7"}, "length"),
    ],
)
def test_another_objects_rest_is_not(changed: dict[str, str], why: str) -> None:
    assert why in answer.why_not_continue(KNOWN, 4, {**SAME, **changed})


def test_only_strong_validators_are_sent() -> None:
    assert answer.if_range(KNOWN) == '"one"'
    assert answer.if_range(SideCar(url="u", etag='W/"one"', last_modified="then")) == "then"
    assert answer.if_range(SideCar(url="u", etag="bare")) == ""
    assert answer.if_range(SideCar(url="u", etag='"a"\r\nX: "b"')) == ""


def test_base64_with_plus_slash_and_padding_is_read() -> None:
    value = base64.b64decode("+/+/+/+/+/+/+/+/+/+/+w==")
    assert answer.server_hashes({"x-goog-hash": "md5=+/+/+/+/+/+/+/+/+/+/+w=="}) == {"md5": value}


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"x-goog-generation": "7"}, True),
        ({"x-goog-generation": "8", "ETag": '"one"'}, False),
        ({"ETag": '"one"'}, True),
        ({"ETag": '"two"'}, False),
        ({"Content-Length": "10"}, True),
        ({"Content-Length": "11"}, False),
        ({}, True),
    ],
)
def test_the_same_object_is_known_by_what_the_server_says(
    headers: dict[str, str], same: bool
) -> None:
    assert answer.is_same_object(KNOWN, headers) is same


def test_gzip_in_gzip_is_told_from_a_labelled_archive() -> None:
    archive = gzip.compress(b"x" * 1000)
    labelled = {"Content-Encoding": "gzip"}
    assert answer.why_no_archive(archive, {}) == ""
    assert answer.why_no_archive(archive, labelled) == ""
    assert "once more" in answer.why_no_archive(gzip.compress(archive), labelled)
    assert answer.why_no_archive(b"\x1f\x8b\x08garbage", labelled) == ""


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(HEADERS, VALUES), st.integers(0, 10**15), st.binary(max_size=64))
def test_no_header_breaks_what_reads_it(headers: dict[str, str], offset: int, start: bytes) -> None:
    """Whatever comes, each reader answers, and nothing that it answers is absurd."""
    assert (answer.length_of(headers) or 0) >= 0
    first, total = answer.content_range(headers)
    assert (first or 0) >= 0
    assert (total or 0) >= 0
    assert 0 <= (answer.retry_after(headers, 1.7e9) or 0) <= 60
    assert set(answer.server_hashes(headers)) <= {"md5", "crc32c"}
    answer.why_not_continue(KNOWN, offset, headers)
    answer.is_same_object(KNOWN, headers)
    answer.why_no_archive(start, headers)
    known = answer.side_car("u", headers, answer.length_of(headers))
    assert "\n" not in answer.if_range(SideCar(url="u", etag=known.etag))
