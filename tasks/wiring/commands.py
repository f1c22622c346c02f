"""Commands beside the tasks. Each takes the words of the command line and its options, if it has
any, and gives back the lines to print.

A word or an option that is wrong, or names nothing or more than one thing, raises UsageError; what
is found wrong with an archive or a file another TodError; what can't be read or written OSError.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.config.names import either
from tasks.config.types import Config, LockEntry, Network
from tasks.core.errors import DamagedError, UsageError
from tasks.core.files import remove, sha256_of
from tasks.core.paths import Workspace
from tasks.pipeline.job import NetworkJob, ProjectJob, Silent, WorkspaceJob
from tasks.wiring.names import called, find, network_of_file, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence


def catalogue(
    words: Sequence[str], config: Config, workspace: Workspace, **options: object
) -> list[str]:
    """Write the rows of the catalogue that are asked for."""
    from tasks.zoo.command import write

    write(options, words, config, workspace, sys.stdout)
    sys.stdout.flush()
    return []


def plan(
    words: Sequence[str], config: Config, workspace: Workspace, **options: object
) -> list[str]:
    """Tell what a run of these words would do, fetch and write; nothing is done."""
    from tasks.plan import command, figures
    from tasks.wiring import selection

    found = figures.plan(selection.selected(words, config, workspace), selection.before)
    command.write(found, sys.stdout, json=bool(options["json"]))
    sys.stdout.flush()
    return []


def gc(words: Sequence[str], config: Config, workspace: Workspace, **options: object) -> list[str]:
    """Show what of the cache no known workspace needs; remove it if that is asked for."""
    from tasks.gc import command

    width = max(40, shutil.get_terminal_size().columns)
    return command.run(words, options, WorkspaceJob(config, workspace), width)


def detect(
    words: Sequence[str], config: Config, workspace: Workspace, **options: object
) -> list[str]:
    """Run a network on pictures, and tell where the results are."""
    from tasks.console.progress import progress_for
    from tasks.detect import command

    if not options["network"]:
        raise UsageError("detect", "no network is named", "`doit detect --network N FOLDER`")
    network = find(str(options["network"]), config)
    with progress_for(f"detect:{network.name}") as progress:
        return command.detect(network, words, options, config, workspace, progress)


def import_(
    words: Sequence[str], config: Config, workspace: Workspace, **options: object
) -> list[str]:
    """Take a data set of another format, and tell what became of it; what could not be read is an
    error, after the rest is done."""
    from tasks.console.output import say
    from tasks.console.progress import progress_for
    from tasks.console.wrap import UNBROKEN, wrap
    from tasks.importing import command

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBROKEN
    with progress_for("import") as progress:
        done = command.run(words, options, config, workspace, progress)
    lines = [part for line in done.lines for part in wrap(line, width, rest="  ")]
    if done.error is None:
        return lines
    say("\n".join(lines))
    raise done.error


def show(words: Sequence[str], config: Config, workspace: Workspace) -> list[str]:
    """All that is known of each network named."""
    if not words:
        raise UsageError("show", "no network is named", "`doit show NETWORK`")
    from tasks.zoo.page import UNBROKEN, page

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBROKEN
    pages = [page(find(word, config), config, workspace, width) for word in words]
    return [line for page in pages for line in [*page, ""]][:-1]


def changes(words: Sequence[str], config: Config, workspace: Workspace) -> list[str]:
    """What was changed in the pipeline.config of each network of the projects named."""
    from tasks.scaffold.changes import page

    for word in words:
        if word not in config.projects:
            raise unknown(word, word, config.projects)
    chosen = [config.projects[word] for word in words] or config.projects.values()
    return [
        line for project in chosen for line in page(ProjectJob(config, workspace, project=project))
    ]


def serve(
    words: Sequence[str], config: Config, workspace: Workspace, **options: object
) -> list[str]:
    """Give the archives that the lock names to other workspaces, until it is interrupted."""
    from tasks.serve import command

    return command.run(words, options, config, workspace)


def adopt(words: Sequence[str], config: Config, workspace: Workspace) -> list[str]:
    """Copy a hand-fetched archive into the cache, if it passes what a download has to pass.

    The user's file is neither moved nor deleted. It is read where it lies: a wrong one never takes
    the place of a good copy in the cache.
    """
    if len(words) not in (1, 2):
        why = "takes a file, and before it the network's name if the file's does not tell"
        raise UsageError("adopt", why, "`doit adopt NETWORK FILE`")
    file = existing_file(words[-1])
    from tasks.bundle import reading

    if reading.is_bundle(file):
        return _adopt_bundle(words, file, config, workspace)
    network = find(words[0], config) if len(words) == 2 else network_of_file(file, config)
    job = NetworkJob(config, workspace, network=network)

    from tasks.download import step as download
    from tasks.pipeline import archive_cache, cache_users
    from tasks.verify import step as verify
    from tasks.verify.work import verify_file
    from tasks.web.sources import ordered

    for source in ordered(network, config.settings):
        if source.path is not None and (workspace.root / source.path).is_file():
            why = f"it is read from {source.path}, nothing is fetched for it"
            raise UsageError(network.name, why)
    facts, note = verify_file(job, file, Silent())
    cache_users.keep_for_others(job, facts.sha256)
    archive_cache.put(job, file, archive_cache.ArchiveRecord(source="adopted", attested_by="file"))
    download.run(job, Silent())
    lines = verify.run(job, Silent()).lines
    cache_users.note(job)
    return [f"{file} is adopted as {network.name}: {note}", *lines, _rest(network)]


def _adopt_bundle(
    words: Sequence[str], file: Path, config: Config, workspace: Workspace
) -> list[str]:
    """Take the networks of a bundle; what is refused is an error, after the rest is done."""
    from tasks.bundle import take
    from tasks.console.output import say
    from tasks.console.progress import progress_for

    if len(words) != 1:
        raise UsageError(str(file), "it is a bundle: it names its networks", "`doit adopt FILE`")
    with progress_for("adopt") as progress:
        taken = take.take(file, config, workspace, progress)
    if not taken.errors:
        return taken.lines
    say("\n".join(taken.lines))
    raise take.raised(taken.errors)


def bundle(
    words: Sequence[str], config: Config, workspace: Workspace, **options: object
) -> list[str]:
    """Pack networks, those of the workspace unless some are named, into one file to carry."""
    from tasks.bundle import pack
    from tasks.console.progress import progress_for

    if not words:
        raise UsageError(
            "bundle", "no file is named", "`doit bundle FILE` or `doit bundle FILE NETWORK`"
        )
    file = new_file(words[0], config)
    named = [find(word, config) for word in words[1:]]
    with progress_for("bundle") as progress:
        with_training = bool(options["with_training"])
        return pack.bundle(file, named, config, workspace, progress, with_training=with_training)


def accept(words: Sequence[str], config: Config, workspace: Workspace) -> list[str]:
    """Take an archive into the lock: from now on these bytes are the right ones.

    Without a file it is the network's refused archive, or the one at hand. It has to pass what any
    archive has to pass, the records of its bytes apart: nothing that can't be unpacked is trusted.
    """
    if len(words) not in (1, 2):
        raise UsageError("accept", "takes one network's name", "`doit accept NETWORK`")
    network = find(words[0], config)
    job = NetworkJob(config, workspace, network=network)

    from tasks.config import lock
    from tasks.pipeline import archive_cache, cache_users
    from tasks.verify.work import verify_file

    file = existing_file(words[1]) if len(words) == 2 else archive_cache.refused(job)
    archive = file or archive_cache.archive_of(job)
    if archive is None:
        from tasks.download.stale import command_for_archive

        todo = f"`{command_for_archive(job)}` fetches it"
        raise UsageError(network.name, "there is no archive of it at hand", todo)
    facts, note = verify_file(job, archive, Silent(), accepting=True)
    cache_users.keep_for_others(job, facts.sha256)
    if len(words) == 2:
        archive = archive_cache.put(
            job, archive, archive_cache.ArchiveRecord(source="adopted", attested_by="user")
        )
        remove(workspace.receipt("download", network.name))  # it tells of another archive
    elif file is not None:
        archive = archive_cache.readmit(job)
    if sha256_of(archive, config.settings.max_unpacked) != facts.sha256:
        raise DamagedError(str(archive), "it changed while it was read", "try again")
    before = job.lock_entry()
    digest = f"{network.name}: sha256 {facts.sha256}"  # whole, so that it can be compared
    if before is not None and (before.sha256, before.size) == (facts.sha256, facts.size):
        return [f"{digest} is trusted already (config/zoo.lock): {note}", _rest(network)]
    record = archive_cache.read_record(job.cache.record(archive))
    source = record.source if record else "a local file"
    entry = LockEntry(sha256=facts.sha256, size=facts.size, source=source, attested_by="user")
    lock.record(workspace.lock_file, network.name, entry, locked=job.locked)
    lines = [f"{digest} is trusted from now on (config/zoo.lock): {note}", _rest(network)]
    if before is not None:
        lines.insert(0, f"{network.name}: sha256 {before.sha256} was trusted until now")
    return lines


def _rest(network: Network) -> str:
    return f"`doit` or `doit smoke:{network.name}` does the rest"


def new_file(word: str, config: Config) -> Path:
    """The path of a bundle to be written. A word without a folder that calls a network was meant
    for one."""
    if (os.sep not in word or "://" in word) and (found := called(word, config)):
        why = f"this is {either(found)}, and the bundle's file comes first"
        raise UsageError(f"bundle {word}", why, "`doit bundle FILE NETWORK`")
    return Path(os.path.expanduser(word))  # noqa: PTH111  Path's raises if nobody has that name


def existing_file(word: str) -> Path:
    """The file of that path."""
    file = Path(os.path.expanduser(word))  # noqa: PTH111  Path's raises if nobody has that name
    if not file.is_file():
        what = "a folder" if file.is_dir() else "no file"
        raise UsageError(str(file), f"there is {what} of this name", "give the path of an archive")
    return file
