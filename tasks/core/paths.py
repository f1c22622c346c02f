"""The one place that makes paths.

doit joins tasks by comparing path strings, so `a/b` and `./a/b` would be two files to it: every
path of the build comes from here. Paths are relative to the workspace, because doit runs there and
because a workspace that is moved must not become stale.

    <workspace>/
    ├── config/{zoo,workspace}.toml  config/zoo.lock
    ├── pre-trained/<network>/       an extracted network
    ├── <project>/images/{train,test}  <project>/training/<network>/
    ├── results/<network>/           smoke.json and the picture with its boxes
    ├── results/<project>/           comparison.json and the page that compares the networks
    ├── results/zoo.{png,svg}        the plot of published speed and mAP
    └── .tod/                        receipts, logs, doit's database: what is known of the tree
    <cache>/                         archives, shared by all workspaces of the user
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from msgspec import Struct

from tasks.core.errors import UsageError

SPLITS = ("train", "test")  # the two sets of pictures of a project


def default_cache() -> Path:
    """The archive cache: `TOD_CACHE`, else the platform's folder for caches.

    Raises:
        UsageError: it is an address, or below a home folder that there is not; or its name is no
            text.
    """
    chosen = os.environ.get("TOD_CACHE")
    todo = "name a folder for archives in TOD_CACHE"
    if chosen and "://" in chosen:
        raise UsageError(f"TOD_CACHE: {chosen}", "expected a folder, not an address", todo)
    try:
        if chosen:
            folder = Path(chosen).expanduser()
        else:
            import platformdirs

            folder = Path(platformdirs.user_cache_dir("tod-tf2", appauthor=False))
        str(folder).encode()  # it is named in messages between processes
    except RuntimeError:
        raise UsageError(chosen or "cache", "there is no such home folder", todo) from None
    except UnicodeEncodeError:
        why = "the folder's name holds bytes that are no text in this locale"
        raise UsageError(f"cache {chosen or ''}".rstrip(), why, todo) from None
    return folder


class Workspace(Struct, frozen=True):
    """The paths of one workspace; `Workspace(Path())` is the one in the current folder."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def lock_file(self) -> Path:
        return self.config / "zoo.lock"

    @property
    def state(self) -> Path:
        return self.root / ".tod"

    @property
    def compiled_config(self) -> Path:
        """The configuration as it was last understood; see `config.load`."""
        return self.state / "config.json"

    @property
    def lock_guard(self) -> Path:
        """Held while zoo.lock is written; see `config.lock`."""
        return self.state / "zoo.lock.guard"

    @property
    def doit_state(self) -> Path:
        return self.state / "doit.sqlite"

    def local_record(self, network: str) -> Path:
        """Size and mtime of the archive when it was last read: true of this machine only."""
        return self.state / "local" / f"{network}.json"

    @property
    def noted_place(self) -> Path:
        """Where this workspace lay when the cache last had a note of it; see `cache_users`."""
        return self.state / "local" / "place"

    @property
    def pre_trained(self) -> Path:
        return self.root / "pre-trained"

    def network(self, network: str) -> Path:
        return self.pre_trained / network

    def staging(self, network: str) -> Path:
        """Where a network is unpacked before it is renamed: same folder, so same file system."""
        return self.pre_trained / f".{network}.staging"

    def receipt(self, step: str, name: str) -> Path:
        return _receipt(self.root, step, name)

    def turn(self, step: str, name: str) -> Path:
        """Held while the step is done; see `step_lock`."""
        return self.state / "turns" / f"{step}-{_flat(name)}.lock"

    def log(self, step: str, name: str) -> Path:
        return self.state / "logs" / f"{step}-{_flat(name)}.log"

    def whole_list(self, step: str, name: str) -> Path:
        """All lines of a list of which the user was shown the first; see `files.first_of`."""
        return self.state / "logs" / f"{step}-{_flat(name)}.all.log"

    def cluster_report(self, project: str) -> Path:
        """What each worker of a cluster did when it last measured, and what went wrong there."""
        return self.state / "logs" / f"measure-{_flat(project)}.cluster.json"

    def seen(self, project: str) -> Path:
        """Size and mtime of pictures when they last became records; see `local_record`."""
        return self.state / "records" / f"{project}.json"

    def examined(self, project: str) -> Path:
        """What its pictures are, by the digests of their files; see `annotations.examined`."""
        return self.state / "pictures" / f"{project}.json"

    def shared_out(self, project: str) -> Path:
        """Which pictures of one folder are to train and which to test with; see `sharing`."""
        return self.state / "sharing" / f"{project}.json"

    def record_file(self, project: str, split: str) -> Path:
        """`split` is `train` or `test`."""
        return self.training(project) / f"{split}.record"

    def results(self, network: str) -> Path:
        return self.root / "results" / network

    def smoke_json(self, network: str) -> Path:
        return self.results(network) / "smoke.json"

    def smoke_picture(self, network: str) -> Path:
        return self.results(network) / "smoke.png"

    def comparison(self, project: str) -> Path:
        return self.results(project) / "comparison.json"

    def data_page(self, project: str) -> Path:
        return self.results(project) / "data.html"

    def comparison_page(self, project: str) -> Path:
        return self.results(project) / "index.html"

    @property
    def measured(self) -> Path:
        """What was noted of networks and pictures; see `measure.notes`."""
        return self.state / "measured"

    def network_notes(self, network: str) -> Path:
        return self.measured / "networks" / f"{network}.json"

    def project_notes(self, project: str) -> Path:
        return self.measured / "projects" / f"{project}.json"

    def notes_found_whole(self, project: str) -> Path:
        """In which state the notes were found to be whole; see `measure.notes`."""
        return self.measured / "projects" / f"{project}.whole"

    @property
    def scenes_staging(self) -> Path:
        """Where scenes are drawn before they are renamed."""
        return self.measured / ".scenes.staging"

    @property
    def scenes(self) -> Path:
        """Drawn scenes, which stand in for test pictures; see `measure.project_pictures`."""
        return self.measured / "scenes"

    def plot(self, kind: str) -> Path:
        """`kind` is `png` or `svg`."""
        return self.root / "results" / f"zoo.{kind}"

    def training_results(self, name: str) -> Path:
        """What the training `<project>:<network>` leaves to look at."""
        project, _, network = name.partition(":")
        return self.results(project) / "training" / network

    def exported(self, name: str) -> Path:
        """The archive of the training `<project>:<network>`."""
        return self.root / "exports" / f"{name.replace(':', '-')}.tar.gz"

    def export_entry(self, name: str) -> Path:
        """The catalogue's entry of that archive."""
        return self.exported(name).with_name(f"{name.replace(':', '-')}.toml")

    def split(self, name: str) -> Path:
        """The training `<project>:<network>`'s records, shared out."""
        return self.state / "training" / name.replace(":", "/")

    def project(self, project: str) -> Path:
        return self.root / project

    def mended(self, project: str) -> Path:
        """The originals of what was mended, in a folder for each time; see `mend.journal`."""
        return self.project(project) / "mended"

    def all_images(self, project: str) -> Path:
        """The folder of `train` and `test`, or of pictures that are shared out."""
        return self.project(project) / "images"

    def images(self, project: str, split: str) -> Path:
        """`split` is `train` or `test`."""
        return self.all_images(project) / split

    def training(self, project: str, network: str | None = None) -> Path:
        folder = self.project(project) / "training"
        return folder / network if network else folder


@cache
def _receipt(root: Path, step: str, name: str) -> Path:
    """Remembered, and one join: every project asks for those of all its networks."""
    return root / f".tod/receipts/{step}/{name.replace(':', '/')}.json"


def _flat(name: str) -> str:
    """A name for the file of a step; that of a training is `<project>:<network>`."""
    return name.replace(":", "-")


class Cache(Struct, frozen=True):
    """The paths of the archive cache, which all workspaces of a user share."""

    root: Path

    def archive(self, network: str, key: str) -> Path:
        """`key` names the object (see `archive_cache.object_key`): one file name can stand for two
        archives (`extremenet.tar.gz` exists at two dates), so the name alone would collide."""
        return self.root / "archives" / f"{network}-{key}.tar.gz"

    def record(self, archive: Path) -> Path:
        """What is known of a cached archive: its address, digests, and who vouches for them."""
        return archive.with_name(archive.name + ".json")

    def partial(self, network: str, key: str) -> Path:
        return self.root / "partial" / f"{network}-{key}.part"

    def set_aside(self, archive: Path, why: str) -> Path:
        """`why` is `damaged` or `refused`."""
        return self.root / why / archive.name

    @property
    def pictures(self) -> Path:
        """Test pictures of the catalogue."""
        return self.root / "pictures"

    def picture(self, sha256: str, suffix: str) -> Path:
        return self.pictures / f"{sha256[:16]}{suffix}"
