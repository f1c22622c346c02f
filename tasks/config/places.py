"""What is wrong with an address or a path of the configuration. Looks at no disk and no network."""

from __future__ import annotations

import os
import unicodedata
from urllib.parse import unquote

from tasks.core.addresses import why_unusable

SCHEMES = ("http", "https", "file")
FIELDS = ("{date}", "{file}", "{network}")  # of a mirror


def why_odd(text: str, *, remote_only: bool = False) -> str:
    """Why nothing can be had from an address or a path, as a clause; "" if that can be tried.

    Args:
        remote_only: a path, or a `file://`, will not do.
    """
    scheme, mark, rest = text.partition("://")
    scheme = scheme.casefold()
    if mark and not rest.strip("/"):
        return f"expected more than {scheme}://"
    if mark and scheme in ("http", "https"):
        for field in FIELDS:
            text = text.replace(field, "x")
        return why_unusable(text)
    if remote_only:
        return "expected an address that begins with https:// or http://"
    if mark and scheme != "file":
        known = ", ".join(SCHEMES)
        return f"expected a path or an address that begins with {known}; found {scheme}://"
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


def why_no_host(text: str) -> str:
    """Why this is not the bare name of a host; "" if it is."""
    odd = any(sign in text for sign in "/@:?#[") or why_unusable(f"https://{text}")
    return "expected the name of a host, and nothing else" if odd else ""
