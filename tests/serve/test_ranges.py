"""Which bytes are sent, as RFC 9110 has it."""

from __future__ import annotations

import pytest

from tasks.serve.ranges import Part, asked_for

ETAG = '"one"'


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, Part(200, 0, 10)),
        ({"Range": "bytes=4-"}, Part(206, 4, 10)),
        ({"Range": "bytes=4-5"}, Part(206, 4, 6)),
        ({"Range": "bytes=4-99"}, Part(206, 4, 10)),
        ({"Range": "bytes=-3"}, Part(206, 7, 10)),
        ({"Range": "bytes=-99"}, Part(206, 0, 10)),
        ({"Range": "bytes=-0"}, Part(416)),
        ({"Range": "bytes=10-"}, Part(416)),
        ({"Range": "bytes=5-4"}, Part(200, 0, 10)),
        ({"Range": "bytes=-"}, Part(200, 0, 10)),
        ({"Range": "bytes=1-2,4-5"}, Part(200, 0, 10)),
        ({"Range": "pages=1-2"}, Part(200, 0, 10)),
        ({"Range": "bytes=" + "9" * 400 + "-"}, Part(200, 0, 10)),
        ({"Range": "bytes=4-", "If-Range": ETAG}, Part(206, 4, 10)),
        ({"Range": "bytes=4-", "If-Range": '"other"'}, Part(200, 0, 10)),
        ({"Range": "bytes=4-", "If-Range": f"W/{ETAG}"}, Part(200, 0, 10)),
        ({"If-None-Match": ETAG}, Part(304)),
        ({"If-None-Match": f'"other", W/{ETAG}'}, Part(304)),
        ({"If-None-Match": "*"}, Part(304)),
        ({"If-None-Match": '"other"'}, Part(200, 0, 10)),
    ],
    ids=str,
)
def test_what_is_asked_for_is_sent(headers: dict[str, str], part: Part) -> None:
    assert asked_for(headers, 10, ETAG) == part


def test_nothing_of_an_empty_file_can_be_had_in_parts() -> None:
    assert asked_for({"Range": "bytes=0-"}, 0, ETAG) == Part(416)
    assert asked_for({"Range": "bytes=-1"}, 0, ETAG) == Part(416)
