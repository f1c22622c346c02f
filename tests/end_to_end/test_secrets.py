"""Passwords and tokens in addresses: used where they belong, shown and kept nowhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from ssl import SSLContext

from tests.support.archives import zoo_archive
from tests.support.checkouts import Finished, check_out
from tests.support.servers import (
    Reply,
    ScriptedServer,
    answer,
    broken_off,
    file,
    redirect,
    serving,
    tunnel,
)
from tests.support.soak import STAND_IN

PASSWORD, TOKEN = "planted-password", "planted-token"
SECRETS = (PASSWORD, TOKEN, base64.b64encode(f"user:{PASSWORD}".encode()).decode())

WORKSPACE = """
[projects.cubes]
labels = ["one"]
networks = ["small"]

[networks.small]
sources = ["{source}"]
smoke_picture = "dogs"

[pictures.dogs]
source = "{picture}"
sha256 = "{digest}"

[settings]
retries = 0
mirrors = ["{mirror}"]
"""


def planted(address: str) -> str:
    return address.replace("//", f"//user:{PASSWORD}@") + f"?signature={TOKEN}"


class Place:
    """A checkout, a server for each role, and all that was said there."""

    def __init__(self, folder: Path, tls: SSLContext, stack: ExitStack) -> None:
        self.folder, self._tls, self._stack = folder, tls, stack
        self.checkout = check_out(folder / "workspace")
        (self.checkout.root / "tasks/inference/worker.py").write_text(STAND_IN)
        zoo_archive(folder / "small.tar.gz")
        self.body = (folder / "small.tar.gz").read_bytes()
        self.proxy = stack.enter_context(serving(tunnel))
        self.said: list[Finished] = []
        self.refusing = self.server(answer(403))

    def server(self, *script: Reply) -> ScriptedServer:
        return self._stack.enter_context(serving(*script, tls=self._tls))

    def configure(self, source: ScriptedServer) -> None:
        text = WORKSPACE.format(
            source=planted(source.url()),
            picture=planted(self.refusing.url("dogs.jpg")),
            mirror=planted(self.refusing.url("mirror")),
            digest="0" * 64,
        )
        self.checkout.configure(text)

    def doit(self, *words: str, **environment: str) -> Finished:
        done = self.checkout.doit(*words, **environment)
        assert "Traceback" not in done.said, done.said
        self.said.append(done)
        return done

    def leaks(self) -> list[str]:
        """Where a secret stands that was said or kept."""
        kept = {
            str(path): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.name != "workspace.toml"
        }
        kept |= {f"run {number}": done.said.encode() for number, done in enumerate(self.said)}
        found = [name for name, text in kept.items() for s in SECRETS if s.encode() in text]
        return found + [str(path) for path in self.folder.rglob("*") if TOKEN in path.name]


@contextmanager
def place(folder: Path, tls: SSLContext) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(folder, tls, stack)


def test_runs_that_fail_show_and_keep_no_secret(tmp_path: Path, tls: SSLContext) -> None:
    with place(tmp_path, tls) as here:
        half = len(here.body) // 2
        here.configure(here.server(broken_off(here.body, half, {"ETag": '"one"'})))
        failed = here.doit("smoke:small")
        assert failed.code == 1
        assert "`curl -fLO 'https://***@127.0.0.1:" in failed.err
        assert list((tmp_path / "cache/partial").iterdir())
        assert list((here.checkout.root / ".tod/logs").iterdir())
        here.proxy.script = (tunnel, tunnel, answer(407))
        proxy = planted(here.proxy.url(""))
        assert "the proxy refuses" in here.doit("smoke:small", HTTPS_PROXY=proxy).err
        assert here.proxy.requests[-1].headers["proxy-authorization"].endswith(SECRETS[2])
        odd = f"http://user:{PASSWORD}/{TOKEN}@127.0.0.1:9"
        assert "the proxy of HTTPS_PROXY" in here.doit("smoke:small", HTTPS_PROXY=odd).err
        here.doit("info", "download:small")
        assert "https://***@" in here.doit("show", "small").out
        here.checkout.edit("retries = 0", f'retires = "{proxy}"')
        assert here.doit().code == 3
        assert here.leaks() == []


def test_a_run_that_succeeds_shows_and_keeps_no_secret(tmp_path: Path, tls: SSLContext) -> None:
    with place(tmp_path, tls) as here:
        compiled = here.checkout.root / ".tod/config.json"
        compiled.parent.mkdir()
        compiled.write_text(f"left by an earlier version: {PASSWORD}")
        source = here.server(file(here.body))
        here.configure(here.server(redirect(302, planted(source.url()))))
        done = here.doit(HTTPS_PROXY=planted(here.proxy.url("")))
        assert done.code == 0, done.said
        assert "a drawn scene was used" in done.out
        assert source.requests[0].headers["authorization"] == f"Basic {SECRETS[2]}"
        assert source.requests[0].target.endswith(TOKEN)
        lock = (here.checkout.root / "config/zoo.lock").read_text()
        assert '"source": "https://***@127.0.0.1:' in lock
        assert here.doit("show", "small").code == 0
        assert here.leaks() == []


def test_another_password_is_not_another_archive(tmp_path: Path, tls: SSLContext) -> None:
    with place(tmp_path, tls) as here:
        source = here.server(file(here.body))
        here.configure(source)
        assert here.doit("extract").code == 0
        here.checkout.edit(f"{PASSWORD}@127.0.0.1:{source.port}", f"new@127.0.0.1:{source.port}")
        assert here.doit("extract").out.startswith("nothing to do"), here.said[-1].said


def test_adopt_tells_of_a_file_below_nobodys_home(tmp_path: Path, tls: SSLContext) -> None:
    with place(tmp_path, tls) as here:
        here.configure(here.refusing)
        done = here.doit("adopt", "~nosuchuser/small.tar.gz")
    assert done.code == 3
    assert "there is no file of this name" in done.err
