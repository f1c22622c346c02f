"""config/*.toml → `Config`.

Every `doit` does this, so a compiled copy lies in the state folder. It is used if it was made from
these very files (their bytes, and those of the rules, are in its digest), and it is
decoded with all type checks. If it is missing, stale, damaged or can't be written, only time is
lost. TOML is parsed, and faults are looked for, when it does not serve.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from tasks.config.reading import EXPORTS, NOT_READABLE, WORKSPACE, exported, read_file, typed
from tasks.config.types import Config
from tasks.core.addresses import redacted_text
from tasks.core.errors import ConfigError
from tasks.core.files import remove, write_atomic
from tasks.core.paths import Workspace

RULES = (
    *("types.py", "checks.py", "load.py", "names.py", "parse.py", "reading.py"),
    "../core/addresses.py",
)


class Stamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of the compiled copy.

    Attributes:
        files: the files that it was made from, relative to the workspace.
        digest: sha256 over the rules, the files and the rest of the copy.
    """

    files: tuple[str, ...]
    digest: str


def load(workspace: Workspace) -> Config:
    """The configuration of a workspace: checked, joined, frozen.

    Raises:
        ConfigError: with every fault of every file, one line each.
    """
    config = compiled(workspace) or compile_files(workspace)
    if any(p.smoke_image for p in config.projects.values()) or config.settings.smoke_image:
        require_pictures(config, workspace)
    return config


def compiled(workspace: Workspace) -> Config | None:
    """The configuration as the compiled copy has it; None if it does not serve."""
    try:
        head, _, body = read_file(workspace.compiled_config).partition(b"\n")
        stamp = msgspec.json.decode(head, type=Stamp)
        exports = [file for file in stamp.files if file.startswith(EXPORTS)]
        if exports != exported(workspace):
            return None
        contents = [read_file(workspace.root / file) for file in stamp.files]
        if stamp.digest != digest(stamp.files, contents, body):
            return None
        return msgspec.json.decode(body, type=Config)
    except (OSError, *NOT_READABLE):
        return None


def compile_files(workspace: Workspace, *, keep: bool = True) -> Config:
    """Parse, check and join the files, and leave the compiled copy if it is to be kept.

    Raises:
        ConfigError: as `load`.
    """
    from tasks.config.checks import cross_faults
    from tasks.config.parse import parse_all

    parsed = parse_all(workspace)
    sources = [source for source, _ in parsed.sources]
    try:
        config = None if parsed.faults or cross_faults(sources) else typed(sources)
    except NOT_READABLE:
        config = None
    if config is None:
        from tasks.config.faults import all_faults

        raise ConfigError(all_faults(sources, parsed.faults, workspace.root))
    if not keep:
        return config
    with suppress(OSError, *NOT_READABLE):
        save(workspace, [(source.file, content) for source, content in parsed.sources], config)
    return config


def require_pictures(config: Config, workspace: Workspace) -> None:
    """Raise a `ConfigError` if a picture that the workspace file names is not there.

    Asked for on every load: a file may vanish without any configuration being changed.
    """
    from tasks.config.checks import missing_pictures

    data = msgspec.to_builtins(config)
    if faults := missing_pictures(data, WORKSPACE, workspace.root):
        from tasks.config.faults import all_faults

        raise ConfigError(all_faults((), faults, workspace.root))


def save(workspace: Workspace, files: Sequence[tuple[str, bytes]], config: Config) -> None:
    """Write the compiled copy. Of a configuration with secrets in its addresses none is kept: it is
    compiled anew by every `doit`."""
    body = msgspec.json.encode(config)
    text = body.decode()
    if redacted_text(text) != text:
        remove(workspace.compiled_config)
        return
    names = tuple(file for file, _ in files)
    stamp = Stamp(names, digest(names, [content for _, content in files], body))
    write_atomic(workspace.compiled_config, msgspec.json.encode(stamp) + b"\n" + body)


def digest(names: Sequence[str], contents: Iterable[bytes], body: bytes) -> str:
    """What ties a compiled copy to the rules and the files that it was made from.

    Each part is preceded by its length, so no two lists of parts give one digest.
    """
    rules = (Path(__file__).parent.joinpath(rule).read_bytes() for rule in RULES)
    parts = [*rules, *(name.encode() for name in names), *contents, body]
    sha256 = hashlib.sha256()
    for part in parts:
        sha256.update(len(part).to_bytes(8, "little"))
        sha256.update(part)
    return sha256.hexdigest()
