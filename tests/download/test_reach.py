"""Which hosts are worth trying, and how soon that is known."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.web import connectivity
from tasks.web.connectivity import Origin, origin_of, proxies, proxy_for, unreachable
from tests.support.servers import answer, authority, free_port, raw, serving, silent, tunnel

HOST = Origin("http", "host.example", 80)


def local(port: int, scheme: str = "http") -> Origin:
    return Origin(scheme, "127.0.0.1", port)


def test_a_host_that_listens_is_worth_trying() -> None:
    with serving(silent) as server:
        assert unreachable([local(server.port)], 1.0) == {}


def test_a_refused_connection_is_known_at_once() -> None:
    origin = local(free_port())
    begun = time.monotonic()
    assert unreachable([origin], 3.0) == {origin: "connection refused"}
    assert time.monotonic() - begun < 1.0


def test_a_name_that_does_not_exist_is_no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert unreachable([HOST], 1.0) == {HOST: "no DNS"}


def test_a_resolver_that_hangs_costs_the_deadline_once_for_all_hosts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def hang(*_: object, **__: object) -> object:
        over.wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    hosts = [Origin("https", f"host{number}.example", 443) for number in range(20)]
    begun = time.monotonic()
    assert unreachable(hosts, 0.2) == dict.fromkeys(hosts, "time-out")
    assert time.monotonic() - begun < 1.0
    assert unreachable(hosts[:3], 0.2).keys() == set(hosts[:3])
    assert time.monotonic() - begun < 1.0
    over.set()


@contextmanager
def unanswered() -> Iterator[int]:
    """The port of a listener whose queue is full: further connections are left unanswered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        time.sleep(0.05)
        try:
            yield port
        finally:
            for each in waiting:
                each.close()


def resolve_to(ports: Iterable[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every host has these ports of the loopback as its addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_a_connection_that_nobody_answers_is_a_time_out() -> None:
    with unanswered() as port:
        assert unreachable([local(port)], 0.2) == {local(port): "time-out"}


def test_addresses_that_say_nothing_do_not_hide_the_one_that_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where IPv6 leads nowhere: asked in turn, the first would use up the deadline."""
    with serving(silent) as server, unanswered() as first, unanswered() as second:
        resolve_to((first, second, server.port), monkeypatch)
        begun = time.monotonic()
        assert unreachable([HOST], 3.0) == {}
        assert time.monotonic() - begun < 1.0


def test_an_address_that_leads_nowhere_does_not_hide_the_one_that_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(silent) as server:
        resolve_to((free_port(), server.port), monkeypatch)
        assert unreachable([HOST], 1.0) == {}


def test_what_is_known_is_not_asked_again() -> None:
    with serving(silent) as server:
        origin = local(server.port)
        assert unreachable([origin], 1.0) == {}
    assert unreachable([origin], 1.0) == {}


def test_a_host_that_speaks_tls_is_worth_trying_whoever_signed_for_it(tmp_path: Path) -> None:
    with serving(silent, tls=authority(tmp_path).context) as server:
        assert unreachable([local(server.port, "https")], 2.0) == {}


def test_a_filter_that_accepts_and_says_nothing_is_a_time_out() -> None:
    with serving(silent) as server:
        origin = local(server.port, "https")
        assert unreachable([origin], 0.2) == {origin: "time-out"}


def test_a_filter_that_cuts_tls_off_is_out_of_reach() -> None:
    with serving(silent, greeting=b"220 no TLS here\r\n") as server:
        origin = local(server.port, "https")
        assert unreachable([origin], 1.0)[origin] in ("TLS failed", "connection reset")


def test_a_proxy_that_grants_connect_leads_to_the_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls = authority(tmp_path).context
    with serving(silent, tls=tls) as host, serving(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url(""))
        assert unreachable([local(host.port, "https")], 2.0) == {}
        assert proxy.requests[0].method == "CONNECT"
        assert proxy.requests[0].target == f"127.0.0.1:{host.port}"


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_connect_makes_a_host_unreachable(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(answer(status, b"no")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url(""))
        origin = Origin("https", "host.example", 443)
        assert unreachable([origin], 1.0) == {origin: f"the proxy refuses ({status})"}


def test_a_proxy_that_is_not_there_makes_every_host_unreachable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    assert unreachable([HOST], 1.0) == {HOST: "the proxy 127.0.0.1: connection refused"}


@pytest.mark.parametrize(
    "proxy",
    [
        "http://[bad",
        "http://me:secret@host:99999",
        "me:sec/ret@host:3128",
        "://",
        "a b",
        "socks5://ho\x1bst",
        "http://h\udcff",
        "x" * 300,
        "socks5h://h:0",
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
def test_an_odd_proxy_is_told_by_its_variable(
    variable: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)
    origin = Origin("https", "host.example", 443)
    why = unreachable([origin], 1.0)[origin]
    assert why.startswith(f"the proxy of {variable.upper()} can't be used: expected")
    assert "sec" not in why.replace("can't be", "")


def test_a_proxy_that_babbles_or_hangs_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    origin = Origin("https", "host.example", 443)
    with serving(raw(b"\xff\xfe\x00 nonsense")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url(""))
        assert "refuses" in unreachable([origin], 1.0)[origin]
    connectivity.verdicts.cache_clear()
    with serving(silent) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url(""))
        assert unreachable([origin], 0.2) == {origin: "time-out"}


def test_a_socks_proxy_is_left_to_the_real_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
    assert unreachable([HOST], 1.0) == {}


@pytest.mark.parametrize(
    ("no_proxy", "exempt"),
    [
        ("", False),
        ("*", True),
        ("host.example", True),
        (".example", True),
        ("example", True),
        ("HOST.Example:80", True),
        ("host.example:81", False),
        ("st.example", False),
        ("other.example, host.example", True),
        ("10.0.0.0/8", False),
    ],
)
def test_no_proxy_exempts_hosts_by_suffix(no_proxy: str, exempt: bool) -> None:
    known = proxies({"http_proxy": "http://proxy:3128", "NO_PROXY": no_proxy})
    assert (proxy_for(HOST, known) is None) is exempt


def test_no_proxy_exempts_networks() -> None:
    known = {"http": "http://proxy:3128", "no": "10.0.0.0/8"}
    assert proxy_for(Origin("http", "10.1.2.3", 80), known) is None
    assert proxy_for(Origin("http", "11.1.2.3", 80), known) == "http://proxy:3128"


def test_lower_case_variables_win_as_they_do_in_requests() -> None:
    assert proxies({"HTTP_PROXY": "http://upper", "http_proxy": "http://lower"}) == {
        "http": "http://lower"
    }


@pytest.mark.parametrize("value", ["1", "yes"])
def test_offline_is_what_the_variable_says(value: str) -> None:
    assert connectivity.is_offline({"TOD_OFFLINE": value})
    assert not connectivity.is_offline({"TOD_OFFLINE": "0"})
    assert not connectivity.is_offline({})


def test_an_address_without_a_host_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="a host"):
        origin_of("http:///file")
    assert str(origin_of("https://host.example/x")) == "host.example"
    assert str(origin_of("http://host.example:8080/x")) == "host.example:8080"


def test_probing_imports_neither_requests_nor_tls() -> None:
    """It runs at every `doit` while a network is deferred, so it must cost next to nothing."""
    heavy = "{'requests', 'ssl', 'urllib3', 'urllib.request', 'http.client', 'filelock', 'shutil'}"
    code = f"import sys, tasks.download.remote; print({heavy} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
