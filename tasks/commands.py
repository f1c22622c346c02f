"""Commands beside the tasks: show a network, tell what was changed in the networks' configurations
of a project, adopt a hand-fetched archive, accept a refused one.

Each takes the words of the command line and gives back the lines to print.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.catalogue.types import Config, LockEntry, Network
from tasks.errors import UsageError
from tasks.files import remove, sha256_of
from tasks.job import NetworkJob, ProjectJob, Silent
from tasks.paths import Workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def show(words: Sequence[str], config: Config, workspace: Workspace) -> list[str]:
    """All that is known of each network named.

    Raises:
        UsageError: no name, or an unknown one.
    """
    if not words:
        raise UsageError("show", "no network is named", "`doit show NETWORK`")
    from tasks.overview.page import UNBROKEN, page

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBROKEN
    pages = [page(find(word, config), config, workspace, width) for word in words]
    return [line for page in pages for line in [*page, ""]][:-1]


def changes(words: Sequence[str], config: Config, workspace: Workspace) -> list[str]:
    """What was changed in the pipeline.config of each network of the projects named.

    Raises:
        UsageError: an unknown name.
        TodError: a network's file can't be read, or an override does not fit it.
    """
    from tasks.scaffold.changes import page

    for word in words:
        if word not in config.projects:
            raise unknown(word, word, config.projects)
    chosen = [config.projects[word] for word in words] or config.projects.values()
    return [
        line for project in chosen for line in page(ProjectJob(config, workspace, project=project))
    ]


def adopt(words: Sequence[str], config: Config, workspace: Workspace) -> list[str]:
    """Copy a hand-fetched archive into the cache, if it passes what a download has to pass.

    The user's file is neither moved nor deleted. It is read where it lies: a wrong one never takes
    the place of a good copy in the cache.

    Raises:
        UsageError: no such file, or no telling which network it is.
        TodError: whatever verification finds.
        OSError: the file can't be read, or the cache can't be written.
    """
    if len(words) not in (1, 2):
        why = "takes a file, and before it the network's name if the file's does not tell"
        raise UsageError("adopt", why, "`doit adopt NETWORK FILE`")
    file = existing_file(words[-1])
    network = find(words[0], config) if len(words) == 2 else network_of_file(file, config)
    job = NetworkJob(config, workspace, network=network)

    from tasks import store
    from tasks.download import step as download
    from tasks.download.sources import ordered
    from tasks.verify import step as verify
    from tasks.verify.work import look_through

    for source in ordered(network, config.settings):
        if source.path is not None and (workspace.root / source.path).is_file():
            why = f"it is read from {source.path}, nothing is fetched for it"
            raise UsageError(network.name, why)
    note = look_through(job, file, Silent())
    store.put(job, file, store.ArchiveRecord(source="adopted", witness="file"))
    download.run(job, Silent())
    lines = verify.run(job, Silent()).lines
    return [f"{file} is adopted as {network.name}: {note}", *lines, _rest(network)]


def accept(words: Sequence[str], config: Config, workspace: Workspace) -> list[str]:
    """Take an archive into the lock: from now on these bytes are the right ones.

    Without a file it is the network's refused archive, or the one at hand.

    Raises:
        UsageError: no name, an unknown one, or nothing to accept.
        OSError: the archive can't be read, or cache or lock can't be written.
    """
    if len(words) not in (1, 2):
        raise UsageError("accept", "takes one network's name", "`doit accept NETWORK`")
    network = find(words[0], config)
    job = NetworkJob(config, workspace, network=network)

    from tasks import store
    from tasks.catalogue import lock

    if len(words) == 2:
        file = existing_file(words[1])
        archive = store.put(job, file, store.ArchiveRecord(source="adopted", witness="user"))
        remove(workspace.receipt("download", network.name))  # it tells of another archive
    else:
        found = store.readmit(job) if store.refused(job) else store.archive_of(job)
        if found is None:
            todo = f"`doit verify:{network.name}` fetches it"
            raise UsageError(network.name, "there is no archive of it at hand", todo)
        archive = found
    sha256, record = sha256_of(archive), store.read_record(job.cache.record(archive))
    source = record.source if record else "a local file"
    size = archive.stat().st_size
    entry = LockEntry(sha256=sha256, size=size, source=source, witness="user")
    lock.record(workspace.lock_file, network.name, entry)
    trusted = f"{network.name}: sha256 {sha256} is trusted from now on ({workspace.lock_file})"
    return [trusted, _rest(network)]


def _rest(network: Network) -> str:
    return f"`doit` or `doit smoke:{network.name}` does the rest"


def existing_file(word: str) -> Path:
    """The file of that path.

    Raises:
        UsageError: it is none.
    """
    file = Path(word).expanduser()
    if not file.is_file():
        what = "a folder" if file.is_dir() else "no file"
        raise UsageError(str(file), f"there is {what} of this name", "give the path of an archive")
    return file


def find(word: str, config: Config) -> Network:
    """The network of that name.

    Raises:
        UsageError: unknown; near names are suggested.
    """
    if word in config.networks:
        return config.networks[word]
    raise unknown(word, word, config.networks)


def unknown(word: str, name: str, known: Collection[str]) -> UsageError:
    """The error for a name that nothing has, with the names that are near."""
    import difflib

    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    todo = f"did you mean {' or '.join(near)}?" if near else "`doit list --all` shows every name"
    return UsageError(word, "nothing has this name", todo)


def network_of_file(file: Path, config: Config) -> Network:
    """The network whose archive has this file's name.

    Raises:
        UsageError: none has, or several have (two archives of the zoo share a name at two dates).
    """
    fits = [
        network
        for network in config.networks.values()
        if file.name in {source.rpartition("/")[2] for source in network.sources}
    ]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        raise UsageError(
            f"adopt {file}",
            "no network's archive has this file name",
            f"name the network: `doit adopt NETWORK {file}`",
        )
    names = " or ".join(network.name for network in fits)
    raise UsageError(
        f"adopt {file}", f"this may be {names}", "name the one you mean before the file"
    )
