"""Which servers are worth trying, found out within one short deadline for all of them.

Plain sockets: importing requests costs more than the rest of a build with nothing to do. What is
asked for is a TCP connection, a granted CONNECT where a proxy stands between, and for https
somebody who speaks TLS: some filters accept every connection and then say nothing. Whether the
certificate and the answer are right is found out by the transfer itself.
"""

from __future__ import annotations

import base64
import errno
import os
import queue
import selectors
import socket
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from functools import cache
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from tasks.core.addresses import ascii_host, why_unusable

DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """What one connection leads to."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        usual = DEFAULT_PORTS.get(self.scheme) == self.port
        return self.host if usual else f"{self.host}:{self.port}"


class RefusalError(Exception):
    """Why an origin can't be reached, in a few words."""


def origin_of(address: str) -> Origin:
    """The origin of an http(s) address.

    Raises:
        ValueError: it is none that can be used; see `addresses.why_unusable`.
    """
    if why := why_unusable(address):
        raise ValueError(why)
    parts = urlsplit(address)
    host = ascii_host(parts.hostname or "")
    return Origin(parts.scheme, host, parts.port or DEFAULT_PORTS.get(parts.scheme, 443))


def is_offline(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the user said not to try at all (`TOD_OFFLINE=1`)."""
    return environment.get("TOD_OFFLINE", "") not in ("", "0")


@cache
def verdicts() -> dict[Origin, str]:
    """What this process has found out: origin → why it can't be reached, "" if it can.

    One process asks once: a host that is out of reach costs its wait for the first network only.
    """
    return {}


def unreachable(origins: Iterable[Origin], timeout: float) -> dict[Origin, str]:
    """Those of the origins that can't be reached, each with the reason.

    All that are not known yet are tried at once; `timeout` seconds bound the whole, name
    resolution included.
    """
    wanted, known = set(origins), verdicts()
    if missing := wanted - known.keys():
        known.update(_probe_all(missing, timeout))
    return {origin: known[origin] for origin in wanted if known[origin]}


def _probe_all(origins: set[Origin], timeout: float) -> dict[Origin, str]:
    """Name resolution can't be interrupted, so each origin has a thread that nobody waits for."""
    answers: queue.SimpleQueue[tuple[Origin, str]] = queue.SimpleQueue()
    deadline = time.monotonic() + timeout
    for origin in origins:
        threading.Thread(target=_probe, args=(origin, deadline, answers), daemon=True).start()
    found = dict.fromkeys(origins, "time-out")
    with suppress(queue.Empty):
        for _ in origins:
            origin, reason = answers.get(timeout=max(0.0, deadline - time.monotonic()))
            found[origin] = reason
    return found


def _probe(origin: Origin, deadline: float, answers: queue.SimpleQueue[tuple[Origin, str]]) -> None:
    try:
        _reach(origin, deadline)
        answers.put((origin, ""))
    except RefusalError as refusal:
        answers.put((origin, str(refusal)))
    except (OSError, ValueError) as error:
        answers.put((origin, reason_of(error)))


def reason_of(error: Exception) -> str:
    """A socket's error in a few words that do not vary with the address that was tried."""
    if isinstance(error, socket.gaierror):
        return "no DNS"
    if isinstance(error, TimeoutError):
        return "time-out"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError):
        return "connection reset"
    if type(error).__module__ == "ssl":
        return "TLS failed"
    if isinstance(error, OSError) and error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "no route"
    return type(error).__name__


def _reach(origin: Origin, deadline: float) -> None:
    proxy = proxy_for(origin, proxies())
    if proxy is None:
        with _connect(origin.host, origin.port, deadline) as connection:
            _shake_hands(connection, origin, deadline)
        return
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if why := why_unusable(proxy):
        variable = f"{origin.scheme if origin.scheme in proxies() else 'all'}_proxy".upper()
        raise RefusalError(f"the proxy of {variable} can't be used: {why}")
    parts = urlsplit(proxy)
    if parts.scheme not in DEFAULT_PORTS:
        return  # a SOCKS proxy resolves names itself: only the real attempt can tell
    try:
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        connection = _connect(parts.hostname or "", port, deadline)
    except OSError as error:
        raise RefusalError(f"the proxy {parts.hostname}: {reason_of(error)}") from None
    with connection:
        if origin.scheme == "https" and parts.scheme == "http":
            _ask_for_tunnel(connection, origin, parts, deadline)
            _shake_hands(connection, origin, deadline)


def _shake_hands(connection: socket.socket, origin: Origin, deadline: float) -> None:
    """Begin TLS, if that is what is spoken there. Nothing is sent, so nobody is trusted yet."""
    if origin.scheme != "https":
        return
    import ssl  # only loaded where somebody listens: then there is most likely work to do

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection.settimeout(max(0.01, deadline - time.monotonic()))
    context.wrap_socket(connection, server_hostname=origin.host).close()


def _connect(host: str, port: int, deadline: float) -> socket.socket:
    """A connection to the first of the host's addresses that accepts one.

    They are tried together: where IPv6 leads nowhere without saying so, one after the other would
    use up the deadline.
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:8]
    failure: OSError = TimeoutError()
    with ExitStack() as started, selectors.DefaultSelector() as selector:
        for family, kind, protocol, _, address in addresses:
            try:
                connection = started.enter_context(socket.socket(family, kind, protocol))
                connection.setblocking(False)
                with suppress(BlockingIOError):  # as it says when it has only begun
                    connection.connect(address)
                selector.register(connection, selectors.EVENT_WRITE, data=connection)
            except OSError as error:
                failure = error
        connected = _first_connected(selector, deadline, failure).dup()  # those started are closed
        connected.setblocking(True)
        return connected


def _first_connected(
    selector: selectors.BaseSelector, deadline: float, failure: OSError
) -> socket.socket:
    """The first that connects; those that fail leave the selector."""
    while selector.get_map():
        ready = selector.select(max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        for key, _ in ready:
            connection: socket.socket = key.data
            code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                return connection
            selector.unregister(connection)
            failure = OSError(code, os.strerror(code))
    raise failure


def _ask_for_tunnel(
    connection: socket.socket, origin: Origin, proxy: SplitResult, deadline: float
) -> None:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    request = f"CONNECT {host}:{origin.port} HTTP/1.1\r\nHost: {host}:{origin.port}\r\n"
    if proxy.username is not None:
        secret = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
        request += f"Proxy-Authorization: Basic {base64.b64encode(secret).decode()}\r\n"
    connection.settimeout(max(0.01, deadline - time.monotonic()))
    connection.sendall(request.encode() + b"\r\n")
    answer = connection.recv(1024).split(b"\r\n")[0].split(b" ")
    if len(answer) < 2 or not answer[1].startswith(b"2"):
        code = answer[1].decode("ascii", "backslashreplace") if len(answer) > 1 else "no answer"
        raise RefusalError(f"the proxy refuses ({code[:20]})")


def proxies(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Scheme (or `all`, `no`) → proxy, as requests takes them from the surroundings."""
    if environment is None and sys.platform in ("darwin", "win32"):
        from urllib.request import getproxies  # the system's own settings; a slow import

        return getproxies()
    variables = os.environ if environment is None else environment
    return {
        name.lower().removesuffix("_proxy"): value
        for name, value in sorted(variables.items())  # lower case comes last, and wins
        if name.lower().endswith("_proxy") and value
    }


def proxy_for(origin: Origin, known: Mapping[str, str]) -> str | None:
    """The proxy that stands before an origin, or None."""
    if _is_exempt(origin, known.get("no", "")):
        return None
    return known.get(origin.scheme) or known.get("all")


def _is_exempt(origin: Origin, no_proxy: str) -> bool:
    """`NO_PROXY` as requests reads it: suffixes of the host, with or without a port, and nets."""
    names = (origin.host, f"{origin.host}:{origin.port}")
    for entry in no_proxy.replace(" ", "").split(","):
        if entry == "*" or (entry and any(_matches(name, entry) for name in names)):
            return True
        if "/" in entry and _in_network(origin.host, entry):
            return True
    return False


def _matches(name: str, entry: str) -> bool:
    bare = entry.removeprefix("*").removeprefix(".").lower()
    return name.lower() == bare or name.lower().endswith("." + bare)


def _in_network(host: str, network: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
