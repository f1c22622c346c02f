"""Addresses (URLs): what of one may be shown or kept, and why one can't be used. Looks at no disk
and no network.

An address may hold secrets: a name and a password before its host, a token in its query. So in all
that is shown or kept (messages, hints, logs, receipts, records, the lock) the part before the host
is `***`, and so is the whole query, with the fragment, and what stands behind a `;` in the path:
nobody can tell a harmless parameter from a token. The rest of the path is shown.
"""

from __future__ import annotations

import os
import re
import unicodedata
from urllib.parse import unquote, urlsplit, urlunsplit

from tasks.core.text import whole

HIDDEN = "***"
FIELDS = ("{date}", "{file}", "{network}")  # of a mirror

# Patterns are compiled where they are used: a `doit` with nothing to do needs none of them.
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*"
_HOST_AND_PORT = r"(\[[^\]]*\]|[^:;\[\]]*)(:[0-9]*)?"
_SPLIT = r"(\[.*\]|[^:]*):?(.*)"
_FOUND = r"[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s<>\"]+"
# urllib3 tells the path of what it asked for, with the query and without the host.
_ASKED = r"(?<=url: )(/[^\s?#;]*)[?#;][^\s)]*"
_PARAMETERS = r";[^/\\]*"  # of one part of a path
_AROUND = "\"'`.,;:)]}"  # what may follow an address in a sentence or a repr
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_LONGEST_HOST = 253
_HINT = "; in a password `/`, `?`, `#` and `@` are written %2F, %3F, %23 and %40"


def redacted(address: str) -> str:
    """An address as it may be shown or kept; see the module. A path comes back as it is.

    Of an address in which a password may go on behind a `/` or a `?`, nothing is shown.
    """
    scheme, mark, rest = address.partition("://")
    if not mark or not re.fullmatch(_SCHEME, scheme):
        return address
    kept, *query = re.split(r"[?#]", rest, maxsplit=1)
    authority = re.split(r"[/\\]", kept, maxsplit=1)[0]
    path = kept[len(authority) :]
    _, at, host = authority.rpartition("@")
    behind = rest[len(authority) :]
    may_go_on = "@" in behind and (":" in authority or at or "://" in path)
    if may_go_on or not re.fullmatch(_HOST_AND_PORT, host):
        return f"{scheme}://{HIDDEN}"
    path = re.sub(_PARAMETERS, f";{HIDDEN}", path)
    before = f"{HIDDEN}@" if at else ""
    return f"{scheme}://{before}{host}{path}" + (f"?{HIDDEN}" if query else "")


def redacted_text(text: str) -> str:
    """A text with every address in it as it may be shown: for messages and tracebacks."""
    if "://" in text:
        text = re.sub(_FOUND, _redacted_match, text)
    return re.sub(_ASKED, rf"\1?{HIDDEN}", text) if "url: /" in text else text


def _redacted_match(match: re.Match[str]) -> str:
    address = match[0].rstrip(_AROUND)
    return redacted(address) + match[0][len(address) :]


def without_user(address: str) -> str:
    """The address without name and password: what identifies the object that it names."""
    if "@" not in address:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    _, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=host)) if at else address


def user_of(address: str) -> tuple[str, str] | None:
    """The name and the password that an address holds, or None."""
    parts = urlsplit(address)
    if parts.username is None and parts.password is None:
        return None
    return unquote(parts.username or ""), unquote(parts.password or "")


def why_unusable(address: str) -> str:
    """Why nothing can be fetched from an address (or sent through a proxy), as a clause that begins
    with "expected"; "" if that can be tried. The clause never repeats the address."""
    if not address.isprintable():
        return "expected an address without control characters"
    try:
        parts = urlsplit(address)
    except ValueError:
        return "expected an address; its host can't be read"
    if not parts.hostname:
        return "expected an address with a host"
    if " " in parts.netloc or "\\" in parts.netloc:
        return "expected an address without a space or a backslash in its host"
    host, port = re.fullmatch(_SPLIT, parts.netloc.rpartition("@")[2]).groups()  # type: ignore[union-attr]
    if port and not 1 <= (whole(port) or 0) <= 65_535:
        return f"expected a port from 1 to 65535 after the host{_HINT if '@' in address else ''}"
    return _why_odd_host(host)


def _why_odd_host(host: str) -> str:
    if host.startswith("["):
        import ipaddress

        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return "expected an IPv6 address between the brackets"
        return ""
    try:
        labels = ascii_host(host).removesuffix(".").split(".")
    except ValueError:
        return "expected the name of a host; this one holds characters that no host can have"
    if sum(map(len, labels)) + len(labels) - 1 > _LONGEST_HOST or any(len(x) > 63 for x in labels):
        return "expected the name of a host; this one is too long"
    if not all(re.fullmatch(_LABEL, label) for label in labels):
        return "expected the name of a host: letters, digits, `-` and full stops"
    return ""


def ascii_host(host: str) -> str:
    """A host's name in the letters that are sent.

    Raises:
        ValueError: it has letters that no host can have.
    """
    if host.isascii():
        return host
    import idna

    return idna.encode(host, uts46=True).decode("ascii")


def why_odd(text: str, *, remote_only: bool = False) -> str:
    """Why nothing can be had from an address or a path, as a clause; "" if that can be tried.

    Args:
        remote_only: a path, or a `file://`, will not do.
    """
    scheme, mark, rest = text.partition("://")
    scheme = scheme.casefold()
    if mark and not rest.strip("/"):
        return f"expected an address; found only {scheme}://"
    if mark and scheme in ("http", "https"):
        for field in FIELDS:
            text = text.replace(field, "x")
        return why_unusable(text)
    if remote_only:
        return "expected an address that begins with https:// or http://"
    if mark and scheme != "file":
        known = "http://, https:// or file://"
        return f"expected a path, or an address that begins with {known}; found {scheme}://"
    return _why_odd_file(rest) if mark else _why_odd_path(text)


def _why_odd_file(rest: str) -> str:
    host, _, path = rest.partition("/")
    if host.casefold() not in ("", "localhost"):
        return "expected a path behind file://, as in file:///folder/file"
    return _why_odd_path(f"/{unquote(path)}")


def _why_odd_path(path: str) -> str:
    if any(unicodedata.category(letter) == "Cc" for letter in path):
        return "expected a path without control characters"
    if path.startswith("~") and os.path.expanduser(path) == path:  # noqa: PTH111  Path's raises
        return f"expected a path; there is no home folder for {path.partition('/')[0]} here"
    return ""


def why_no_folder(text: str) -> str:
    """Why this can't be the path of a folder, as a clause; "" if it can."""
    if "://" in text:
        return "expected the path of a folder; addresses belong in `mirrors`"
    return _why_odd_path(text)


def why_no_host(text: str) -> str:
    """Why this is not the bare name of a host; "" if it is."""
    odd = any(sign in text for sign in "/@:?#[") or why_unusable(f"https://{text}")
    return "expected the name of a host alone, without scheme, port or path" if odd else ""
