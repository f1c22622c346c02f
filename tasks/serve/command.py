"""`doit serve`: be a mirror until Ctrl-C."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tasks.config.types import Config
from tasks.console.output import say
from tasks.console.progress import progress_for
from tasks.core.errors import UsageError
from tasks.core.files import human_size
from tasks.core.paths import Workspace
from tasks.core.text import count, lowered, printable, whole
from tasks.serve.server import MOST_REFUSALS, Server, Totals, address_of
from tasks.serve.shelf import Shelf

ADDRESS, PORT = "127.0.0.1", "8000"
STOPS = ("SIGINT", "SIGTERM")
PATIENCE = 5.0  # seconds for what is under way to be told in the end


def run(
    words: Sequence[str], options: Mapping[str, object], config: Config, workspace: Workspace
) -> list[str]:
    """Serve until the process is told to stop; then a line that sums up what was fetched.

    Raises:
        UsageError: the command line is wrong, or the address can't be had.
        ConfigError: config/zoo.lock can't be read.
    """
    if words:
        raise UsageError("serve", "takes no words", "`doit serve --address A --port N`")
    host = str(options["address"] or ADDRESS)
    port = _port(str(options["port"] or PORT))
    shelf = Shelf(config, workspace)
    with _bound(host, port, shelf) as server, _stopping_by_signals():
        with suppress(KeyboardInterrupt):
            _serve(server, shelf)
        with suppress(KeyboardInterrupt):  # whoever says it twice does not wait
            server.end(PATIENCE)
        return _summary(server.totals)


def _serve(server: Server, shelf: Shelf) -> None:
    with progress_for("serve") as progress:
        found, lines = shelf.look(progress)
    for line in lines:
        say(printable(line))
    size = human_size(sum(one.size for one in found))
    what = f"{count(len(found), 'archive')} ({size})" if found else "no archive yet"
    say(f"serving {what} at {address_of(server.socket)}; Ctrl-C ends it")
    server.serve_forever()


def _summary(totals: Totals) -> list[str]:
    """What was sent, after what was refused and not told."""
    untold = {client: number - MOST_REFUSALS for client, number in totals.refused.items()}
    lines = [f"{client}: {more} more not served" for client, more in untold.items() if more > 0]
    fetched = f"{count(totals.fetches, 'fetch')} by {count(len(totals.clients), 'client')}"
    return [*lines, f"served {human_size(totals.bytes)} in {fetched}"]


def _port(text: str) -> int:
    port = whole(text)
    if port is None or port > 65_535:
        raise UsageError(f"serve --port {text}", "this is no port", "a number from 1 to 65535")
    return port


def _bound(host: str, port: int, shelf: Shelf) -> Server:
    """The server at this address, and no other.

    Raises:
        UsageError: it can't be had.
    """
    asked = f"serve --address {host} --port {port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = found[0]
        return Server(place, family, shelf, say)
    except (socket.gaierror, UnicodeError):
        raise UsageError(asked, "there is no such address", _ADDRESSES) from None
    except OSError as error:
        raise UsageError(asked, *_why_not(error)) from None


_ADDRESSES = "name one of this machine's; 0.0.0.0 stands for all"


def _why_not(error: OSError) -> tuple[str, str]:
    """Why an address can't be had, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return "the port is taken", "choose another with --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this address is not one of this machine's", _ADDRESSES
    if error.errno in (errno.EACCES, errno.EPERM):
        return "the port is not for everybody", "choose one from 1024 on with --port"
    return lowered(error.strerror or "the address can't be had"), _ADDRESSES


@contextmanager
def _stopping_by_signals() -> Generator[None, None, None]:
    """Have signals end the serving and not the process, which has yet to say what was fetched. One
    that is ignored stays so."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before: dict[signal.Signals, Any] = {}
    for each in (signal.Signals[name] for name in STOPS):
        if signal.getsignal(each) != signal.SIG_IGN:
            before[each] = signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
