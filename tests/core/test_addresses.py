"""What of an address is shown, and which addresses can be used at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.addresses import (
    redacted,
    redacted_text,
    why_no_host,
    why_odd,
    why_unusable,
    without_user,
)
from tasks.web.connectivity import origin_of

SHOWN = {
    "https://host/x.tar.gz": "https://host/x.tar.gz",
    "https://host/a@v1/x": "https://host/a@v1/x",
    "https://host:8443/x": "https://host:8443/x",
    "https://[::1]:80/x": "https://[::1]:80/x",
    "https://user@host/x": "https://***@host/x",
    "https://user:secret@host/x": "https://***@host/x",
    "https://user:sec@ret@host/x": "https://***@host/x",
    "https://host/x?sig=secret": "https://host/x?***",
    "https://host/x#secret": "https://host/x?***",
    "https://host?secret": "https://host?***",
    "https://host/x?a=1&next=https://b:secret@c/": "https://host/x?***",
    "https://host/x.tar.gz;tok=secret": "https://host/x.tar.gz;***",
    "https://host/a;v=1;t=secret/x.tar.gz;jsessionid=secret?a": "https://host/a;***/x.tar.gz;***?***",
    "https://host;tok=secret/x": "https://***",
    # Letters that a password must not hold: all is hidden rather than too little.
    "https://user:sec/ret@host/x": "https://***",
    "https://user:sec?ret@host/x": "https://***",
    "https://user:sec#ret@host/x": "https://***",
    "https://user:sec\\ret@host/x": "https://***",
    "https://a:b@c:secret/e@host/x": "https://***",
    "https://user:1/secret@host/x": "https://***",
    "https://user:1/sec;ret@host/x": "https://***",
    "https://user:1/secret?@host/x": "https://***",
    "http://user:\\\\secret?@host/x": "http://***",
    "https://archive/https://user:secret@host/x": "https://***",
    "https://user:secret": "https://***",
    "socks5h://user:secret@proxy:1080": "socks5h://***@proxy:1080",
    "exports/what?.tar.gz": "exports/what?.tar.gz",
    "~/nets/x.tar.gz": "~/nets/x.tar.gz",
}


@pytest.mark.parametrize("address", SHOWN)
def test_an_address_is_shown_without_its_secrets(address: str) -> None:
    assert redacted(address) == SHOWN[address]
    assert redacted(redacted(address)) == redacted(address)


@given(
    st.sampled_from(["http", "https", "socks5", "file"]),
    st.text(max_size=12),
    st.text(max_size=12),
    st.text(max_size=12),
)
def test_nothing_before_the_host_or_in_the_query_is_shown(
    scheme: str, before: str, between: str, query: str
) -> None:
    text = redacted(f"{scheme}://u:{before}zq9x{between}@host/path?{query}qz8y")
    assert "zq9x" not in text
    assert "qz8y" not in text
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (
            "`curl -fLO 'https://u:secret@h/x?secret'` elsewhere",
            "`curl -fLO 'https://***@h/x?***'`",
        ),
        ("{'https': 'http://u:secret@h:1', 'no': 'b'}", "{'https': 'http://***@h:1', 'no': 'b'}"),
        ("with url: /a/b?token=secret (Caused by)", "with url: /a/b?*** (Caused by)"),
        ("with url: /a/b;t=secret (Caused by)", "with url: /a/b?*** (Caused by)"),
        ("get https://host/x;t=secret; or not", "get https://host/x;***; or not"),
        ("see https://host/x. Then", "see https://host/x. Then"),
        ('"https://a/x","https://b/y"', '"https://a/x","https://b/y"'),
        ("a/b: no such file?", "a/b: no such file?"),
    ],
)
def test_a_text_is_cleaned_of_secrets_and_of_nothing_else(text: str, cleaned: str) -> None:
    assert redacted_text(text).startswith(cleaned)
    assert "secret" not in redacted_text(text)


def test_name_and_password_are_no_part_of_what_an_address_names() -> None:
    assert without_user("https://u:p@host/x?id=7") == "https://host/x?id=7"
    assert without_user("https://host/x?") == "https://host/x?"
    assert without_user("http://[bad/x") == "http://[bad/x"


ODD = {
    "http://[bad/x": "its host can't be read",
    "http://[1.2.3.4]/x": "can't be read",
    "http://[v1.x]/x": "IPv6",
    "https:///x": "an address with a host",
    "https://user:pw@/x": "an address with a host",
    "http://a b/x": "a space",
    "http://a\\@b/x": "backslash",
    "http://h:0/x": "a port from 1 to 65535",
    "http://h:99999/x": "a port from 1 to 65535",
    "http://h:-1/x": "a port",
    "http://h:8o/x": "a port",
    "http://h:٣/x": "a port",
    "http://h:+80/x": "a port",
    "https://user:a/b@host/x": "in a password",
    f"http://{'a' * 300}/x": "too long",
    f"http://{'a.' * 150}b/x": "too long",
    "http://ex..com/x": "letters, digits",
    "http://.com/x": "letters, digits",
    "http://-a.com/x": "letters, digits",
    "http://*.com/x": "letters, digits",
    "http://a%41.com/x": "letters, digits",
    "http://\u2100.com/x": "can't be read",
    "http://xn--\xfc.com/x": "characters that no host can have",
    "http://\U0001f600\u200d.com/x": "",
    "http://h/\x1b[31m": "control characters",
    "http://h\x85/x": "control characters",
    "http://h/\u202ex": "control characters",
}


@pytest.mark.parametrize("address", ODD)
def test_an_address_that_nothing_can_be_fetched_from_is_told(address: str) -> None:
    assert ODD[address] in why_unusable(address)
    assert why_unusable(address).startswith("expected")
    with pytest.raises(ValueError, match="expected"):
        origin_of(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://host/x",
        "http://127.0.0.1:8000/a b/{file}",
        "http://[::1]:80/",
        "https://a_b.example:443/x",
        "https://host.:/x",
        "https://bücher.example/x",
        "https://u:p%2F@host/x?y#z",
    ],
)
def test_an_ordinary_address_can_be_used(address: str) -> None:
    assert why_unusable(address) == ""
    assert origin_of(address).host.isascii()


ANYTHING = st.text(
    st.sampled_from("ab.:/@[]?#%\\ 09~-_*\x00\x1b\xfc\u0663\u2100\ud800"), max_size=14
)


@given(st.sampled_from(["http://", "https://", "file://", "", "~", "ftp://"]), ANYTHING)
def test_no_address_raises_anything_unexpected(start: str, rest: str) -> None:
    """What is found fit can be taken apart, asked for and shown; all else is told in a clause."""
    import requests

    text = start + rest
    redacted(text), redacted_text(text), without_user(text), why_no_host(rest)
    if not why_odd(text, remote_only=True):
        assert origin_of(text).port in range(1, 65_536)
        requests.Request("GET", without_user(text)).prepare()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("~nosuchuser/x", "no home folder for ~nosuchuser"),
        ("file://[x/y", "a path behind file://"),
        ("file://server/share/x", "a path behind file://"),
        ("file:///a%00b", "control characters"),
        ("a\x1bb", "control characters"),
        ("gopher://host/x", "found gopher://"),
        ("https://", "found only https://"),
        ("file:///exports/x", ""),
        ("file://localhost/x", ""),
        ("exports/x.tar.gz", ""),
        ("https://{network}.example:8000/{date}", ""),
    ],
)
def test_a_path_is_looked_at_as_well(text: str, why: str) -> None:
    assert why_odd(text) == why if not why else why in why_odd(text)
