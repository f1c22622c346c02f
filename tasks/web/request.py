"""Ask a server: one GET with redirects followed by our own rules, and every way it can fail.

An address's own name and password prove who asks. ~/.netrc is looked at only for hosts that the
settings name, and only over https. After a redirect to another scheme, host or port neither goes.

TransientError     worth another try
UnreachableError   nobody is there, or a stranger (proxy, portal, filter) answers instead
DownloadError      a final answer
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from tasks.config.types import Settings
from tasks.core.addresses import user_of, why_unusable, without_user
from tasks.core.errors import DownloadError, TodError, UnreachableError
from tasks.web.answer import REDIRECTS, Headers
from tasks.web.connectivity import Origin, origin_of, reason_of
from tasks.web.sources import Source, is_remote

if TYPE_CHECKING:
    import requests

AGENT = "tod-tf2/0.1.0"
LONGEST_CHAIN = 10
BLOCK = 1 << 18
OWN_CERTIFICATES = "name your network's own certificate in REQUESTS_CA_BUNDLE or SSL_CERT_FILE"


class TransientError(Exception):
    """A fault that may be gone at the next try.

    Attributes:
        final: what it is if it does not.
        wait: seconds that the server asked for, if it did.
    """

    def __init__(self, final: TodError, wait: float | None = None) -> None:
        super().__init__(str(final))
        self.final, self.wait = final, wait


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer whose body was not read yet.

    Attributes:
        host: who gave it, after redirects.
        secure: every hop was https.
    """

    status: int
    headers: Headers
    raw: Any
    host: str
    secure: bool

    def close(self) -> None:
        self.raw.close()

    def blocks(self, source: Source) -> Iterator[bytes]:
        """The body as it comes, never decoded.

        Raises:
            TransientError: the connection broke or fell silent, or the body is badly framed.
        """
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        while True:
            try:
                block = self.raw.read1(BLOCK, decode_content=False)
            except ReadTimeoutError:
                raise broken(source, "the server fell silent") from None
            except (HTTPError, OSError, ValueError):
                raise broken(source, "the connection broke off") from None
            if not block:
                return
            yield block


def broken(source: Source, why: str) -> TransientError:
    """A transfer that broke in the middle: whoever sent a part of it is not out of reach."""
    todo = "run doit again: it goes on from there"
    return TransientError(DownloadError(source.text, why, todo))


def open_session() -> requests.Session:
    """A session that speaks for this project and takes bytes as they are stored."""
    import requests

    session = requests.Session()
    session.headers.update(
        {
            "User-Agent": f"{AGENT} python-requests/{requests.__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
    )
    return session


def certificates(environment: Mapping[str, str] = os.environ) -> str | bool:
    """The certificates to trust. requests reads the first two variables; OpenSSL the third."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        if environment.get(name):
            return environment[name]
    return True


def ask(
    session: requests.Session,
    source: Source,
    headers: Mapping[str, str],
    settings: Settings,
    *,
    method: str = "GET",
    first: bool = True,
) -> Answer:
    """The final answer of a source, after redirects; its body is still to be read.

    Args:
        first: nobody answered for this source yet: what can't be connected to now is out of
            reach, and no time is spent on trying again.

    Raises:
        TransientError, UnreachableError, DownloadError: see the module.
    """
    address, secure = source.text, True
    for _ in range(LONGEST_CHAIN):
        secure = secure and urlsplit(address).scheme == "https"
        all_headers = {**headers, **authorization(address, source.text, settings)}
        response = _send(session, source, method, address, all_headers, settings, first)
        host = urlsplit(address).hostname or ""
        answer = Answer(response.status_code, response.headers, response.raw, host, secure)
        target = response.headers.get("Location")
        if answer.status not in REDIRECTS or target is None:
            return answer
        answer.close()
        address = _next_address(source, address, target)
    raise _astray(source, "it redirects for ever")


def _next_address(source: Source, address: str, target: str) -> str:
    """Where a redirect leads. A way from https down to http would let anyone answer."""
    try:
        following = urljoin(without_user(address), target)
    except ValueError:
        following = ""
    if not is_remote(following) or why_unusable(following):
        raise _astray(source, "it redirects to what is no web address")
    scheme, host = urlsplit(following).scheme, urlsplit(following).hostname
    if scheme == "http" and urlsplit(address).scheme == "https":
        raise _astray(source, f"it redirects from https to plain http ({host})")
    return following


def _astray(source: Source, why: str) -> TodError:
    """The zoo's bucket never redirects: whoever does so in its name is a portal or a filter."""
    kind = UnreachableError if source.is_storage else DownloadError
    return kind(source.text, why)


def _send(
    session: requests.Session,
    source: Source,
    method: str,
    address: str,
    headers: Mapping[str, str],
    settings: Settings,
    first: bool,
) -> requests.Response:
    import requests
    from urllib3.exceptions import HTTPError

    address = without_user(address)  # what requests says of a failure holds no password then
    try:
        # Without an `auth` of ours requests would send what ~/.netrc has for the host.
        asked = requests.Request(method, address, headers=headers, auth=lambda request: request)
        request = session.prepare_request(asked)
        surroundings = session.merge_environment_settings(
            address, {}, stream=True, verify=certificates(), cert=None
        )
        # Not `session.send`: it reads the whole body of a redirect into memory, however long.
        return session.get_adapter(address).send(
            request,
            timeout=(settings.connect_timeout, settings.read_timeout),
            **surroundings,  # type: ignore[arg-type]
        )
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        fault = _fault(source, error)
    if isinstance(fault, TransientError) or first or not isinstance(fault, UnreachableError):
        raise fault
    raise TransientError(fault)


def _fault(source: Source, error: Exception) -> TransientError | TodError:
    """What a failure to get an answer means."""
    from requests import exceptions as known

    if isinstance(error, known.ProxyError):
        return UnreachableError(source.text, "the proxy refuses", "see HTTPS_PROXY, NO_PROXY")
    if isinstance(error, known.SSLError):
        return UnreachableError(source.text, f"TLS failed ({_tls_words(error)})", OWN_CERTIFICATES)
    if isinstance(error, known.Timeout):
        return UnreachableError(source.text, "time-out")
    if isinstance(error, known.InvalidSchema) and "SOCKS" in str(error):
        return UnreachableError(source.text, "a SOCKS proxy needs PySocks", "pip install PySocks")
    if isinstance(error, known.ConnectionError):
        if cause := _socket_error(error):
            return UnreachableError(source.text, reason_of(cause))
        return TransientError(UnreachableError(source.text, "the connection was reset"))
    if isinstance(error, OSError) and not isinstance(error, known.RequestException):
        return DownloadError(source.text, error.strerror or str(error), OWN_CERTIFICATES)
    return DownloadError(source.text, f"no answer that can be read ({type(error).__name__})")


def _socket_error(error: BaseException) -> OSError | None:
    """The socket's own error of a connection that was never made; None if it broke later."""
    from urllib3.exceptions import NewConnectionError

    reason = getattr(error.args[0], "reason", None) if error.args else None
    if not isinstance(reason, NewConnectionError):
        return None
    cause = reason.__cause__ or reason.__context__
    return cause if isinstance(cause, OSError) else OSError()


def _tls_words(error: BaseException) -> str:
    """The library's own words for what is wrong with a certificate or a handshake."""
    import ssl

    words, chain = "handshake", [error]
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            return each.verify_message or words
        if isinstance(each, ssl.SSLError) and each.reason:
            words = each.reason.lower().replace("_", " ")
        # requests and urllib3 put the error that theirs was made from in any of these places.
        within = (*each.args, getattr(each, "reason", None), each.__cause__)
        chain += [inner for inner in within if isinstance(inner, BaseException)][: 20 - len(chain)]
    return words


def authorization(address: str, configured: str, settings: Settings) -> dict[str, str]:
    """The header for one request, or nothing.

    Args:
        address: what is asked now: the configured address, or where a redirect led.
        configured: the address of the configuration.

    Raises:
        ValueError: one of them is no web address.
    """
    origin, user = origin_of(address), user_of(address)
    if user is None and origin == origin_of(configured):
        user = user_of(configured) or _from_netrc(origin, settings)
    if user is None:
        return {}
    token = base64.b64encode(":".join(user).encode()).decode()
    return {"Authorization": f"Basic {token}"}


def _from_netrc(origin: Origin, settings: Settings) -> tuple[str, str] | None:
    named = {host.casefold() for host in settings.netrc_hosts}
    if origin.scheme != "https" or origin.host.casefold() not in named:
        return None
    from requests.utils import get_netrc_auth

    return get_netrc_auth(f"https://{origin.host}/")
