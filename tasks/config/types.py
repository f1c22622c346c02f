"""What config/*.toml says, as frozen objects.

These classes are the schema: a key that they lack is a fault, and so is a value of another type.
"""

# No `from __future__ import annotations` here: msgspec would compile each annotation anew in every
# process, which takes longer than the rest of loading the configuration.

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tasks.core.spelling import composed

Family = Literal[
    "Faster R-CNN", "Mask R-CNN", "SSD", "EfficientDet", "CenterNet", "ExtremeNet", "other"
]
Output = Literal["boxes", "masks", "keypoints"]
Confidence = Literal["confirmed", "single-source"]

# `\Z` and not `$`, which would let a line break pass. The descriptions are what a fault says it
# expected; see `faults`.
Sha256 = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}\Z", description="a sha256: 64 hexadecimal digits, lower case")
]
Sha1 = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{40}\Z", description="40 hexadecimal digits, lower case")
]
Md5 = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{32}\Z", description="32 hexadecimal digits, lower case")
]
Bytes = Annotated[int, Meta(ge=0, le=2**62)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Score = Annotated[float, Meta(ge=0, le=1)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Milliseconds = Annotated[float, Meta(gt=0, le=3_600_000)]
Pixels = Annotated[int, Meta(ge=1, le=65_536)]
ClassId = Annotated[int, Meta(ge=1, le=2**31 - 1)]  # int32 in a label map
# A name becomes a folder's name on every system, and part of a doit task's name.
Name = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}\Z",
        description="a name of letters, digits, `.`, `_` and `-`, a letter or digit first",
    ),
]
FileName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,119}\Z",
        description="a file name: letters, digits, `.`, `_` and `-`, no folder",
    ),
]
# One line of text that is not blank: no control characters.
Text = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*\Z",
        description="one line of text, not blank",
    ),
]
MaybeText = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*\Z", description="one line of text")]
LabelIds = dict[Text, ClassId]
Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]  # int32 in a pipeline.config
Rate = Annotated[float, Meta(gt=0, le=1000)]
# The path of a field in a pipeline.config, and what may be set there.
FieldPath = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_]\w*(\[[0-9]{1,6}\])?(\.[A-Za-z_]\w*(\[[0-9]{1,6}\])?)*\Z",
        description="the path of a field, such as `train_config.batch_size`",
    ),
]
_Scalar = bool | int | float | str
Override = Annotated[
    _Scalar | tuple[_Scalar, ...],
    Meta(description="true or false, a number, text, or a list of these"),
]
# The name of a label set, the labels in order (ids from 1), or each label's id.
Labels = Text | tuple[Text, ...] | LabelIds


class Frozen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of all that is read from a file: unknown keys are faults."""


class Digests(Frozen, frozen=True, kw_only=True):
    """Recorded digests of one file; every one that is given is compared.

    `git_blob_sha1` is git's object id of the file's content, sha1(b"blob <size>\\0" + content):
    public repositories that hold a copy of an archive record it.
    A digest that is not `confirmed` warns; one that is fails the build.
    """

    sha256: Sha256 | None = None
    md5: Md5 | None = None
    git_blob_sha1: Sha1 | None = None
    size: Bytes | None = None
    confidence: Confidence = "single-source"
    size_confidence: Confidence | None = None
    source: str = ""

    @property
    def settled(self) -> str | None:
        """The sha256 that the file must have, if it is confirmed: this settles which bytes are
        right, whoever sends them."""
        return self.sha256 if self.confidence == "confirmed" else None


class Signature(Frozen, frozen=True, kw_only=True):
    """Where a SavedModel does not speak the zoo's usual names.

    Attributes:
        input: name of the picture's input.
        boxes, scores, classes, count: the outputs that mean these; "" if it has none.
        first_class: the id that output value 0 stands for (1 if classes count from 0).
    """

    input: str = "input_tensor"
    boxes: str = "detection_boxes"
    scores: str = "detection_scores"
    classes: str = "detection_classes"
    count: str = "num_detections"
    first_class: int = 0


class Expectation(Frozen, frozen=True, kw_only=True):
    """What the network must find on its default picture: `label`, scored `score` or more."""

    label: Text
    score: Score


class Picture(Frozen, frozen=True, kw_only=True):
    """A picture from the network that smoke inference uses unless told otherwise."""

    source: Text
    sha256: Sha256
    licence: MaybeText = ""


class Network(Frozen, frozen=True, kw_only=True):
    """One network of the zoo, or one of the user's own.

    Attributes:
        name: folder under pre-trained/ and name of its tasks (the table's key in TOML).
        title: as the zoo's page prints it.
        sources: addresses or paths, tried in order.
        archive: recorded size and digests of the archive.
        members: path below the archive's top folder → recorded digests.
        saved_model, pipeline_config: whether the archive has one.
        input_size: what the network resizes a picture to, in pixels: (height, width), or for
            `keep_aspect_ratio` the bounds of the (shorter, longer) side; None if unknown.
        resizer: `fixed_shape`, `keep_aspect_ratio`, or "" if unknown.
        speed_ms: as published, per picture, on hardware that the zoo's page does not name.
        map_boxes, map_masks, map_keypoints: COCO mAP in percent, as published.
        labels: name of a label set, or the labels themselves (ids from 1), or label → id.
        smoke_picture: name of a picture set entry, or "" for the drawn scene.
        not_trainable: why it can't be fine-tuned, as a clause; "" if it can.
        trainer: what fine-tunes it: the Object Detection API, or `embedded.finetune`.
        training_needs: what its training needs besides boxes, as a clause; "" if nothing.
        notes: quirks that a user should know, one sentence each.
        parent, project: of an export of `doit export`: the network that was fine-tuned, and the
            project that it was fine-tuned for.
    """

    name: Name
    title: MaybeText = ""
    family: Family = "other"
    sources: Annotated[tuple[Text, ...], Meta(min_length=1)]
    archive: Digests = Digests()
    members: dict[Text, Digests] = {}
    saved_model: bool = True
    pipeline_config: bool = True
    outputs: tuple[Output, ...] = ("boxes",)
    input_size: tuple[Pixels, Pixels] | None = None
    resizer: Literal["fixed_shape", "keep_aspect_ratio", ""] = ""
    speed_ms: Milliseconds | None = None
    map_boxes: Percent | None = None
    map_masks: Percent | None = None
    map_keypoints: Percent | None = None
    labels: Labels = ()
    signature: Signature = Signature()
    smoke_picture: MaybeText = ""
    expect: Expectation | None = None
    not_trainable: MaybeText = ""
    trainer: Literal["object_detection_api", "embedded"] = "object_detection_api"
    training_needs: MaybeText = ""
    licence: MaybeText = ""
    notes: tuple[Text, ...] = ()
    parent: MaybeText = ""
    project: MaybeText = ""

    @property
    def is_trainable(self) -> bool:
        """Whether `doit train` can fine-tune it."""
        return self.trainer == "embedded" or (self.pipeline_config and not self.not_trainable)


class Training(Frozen, frozen=True, kw_only=True):
    """How a project's networks are trained; see `TrainingSettings` for the defaults.

    Attributes:
        batch_size: pictures a step, over all devices together.
        num_steps: steps of the training.
        device: `cpu`, `gpu` or `tpu`.
        replicas: devices that train together.
        learning_rate: the highest rate of the schedule.
        max_detections, max_detections_per_class: boxes that a picture may have in the end.
        max_boxes: boxes of a picture that training looks at.
        evaluate_every: steps between two measurements on the pictures held out.
        patience: measurements without a new best after which `doit train` stops; 0: never.
        held_out: share of images/train to measure by, which is not trained on.
        overrides: path of a field in pipeline.config → value.
    """

    batch_size: Count | None = None
    num_steps: Count | None = None
    device: Literal["cpu", "gpu", "tpu"] | None = None
    replicas: Count | None = None
    learning_rate: Rate | None = None
    max_detections: Count | None = None
    max_detections_per_class: Count | None = None
    max_boxes: Count | None = None
    evaluate_every: Count | None = None
    patience: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    held_out: Annotated[float, Meta(ge=0, le=0.9)] | None = None
    overrides: dict[FieldPath, Override] = {}


class Project(Frozen, frozen=True, kw_only=True):
    """One project of the workspace.

    Attributes:
        labels: class names in order (ids from 1), or label → id.
        networks: names of the networks that it uses.
        exports: names of the networks that were exported from its trainings; see `config.parse`.
        smoke_image: a picture of the user's, relative to the workspace; "" for each network's own.
        label_map: file name under training/.
        test_share: share of pictures in images/ to test with; see `annotations.sharing`.
        training: how its networks are trained.
        training_of: name of one of its networks → settings that go before those of `training`.
    """

    name: Name
    labels: (
        Annotated[tuple[Text, ...], Meta(min_length=1)] | Annotated[LabelIds, Meta(min_length=1)]
    )
    networks: tuple[Text, ...] = ()
    exports: tuple[Text, ...] = ()
    smoke_image: MaybeText = ""
    label_map: FileName = "label_map.pbtxt"
    test_share: Annotated[float, Meta(ge=0, le=0.9)] = 0.2
    training: Training = Training()
    training_of: dict[Text, Training] = {}

    @property
    def all_networks(self) -> tuple[str, ...]:
        """Those that it uses, each with its export behind it."""
        return (*self.networks, *self.exports)


class Settings(Frozen, frozen=True, kw_only=True):
    """How the build goes about its work.

    Attributes:
        connect_timeout, read_timeout: seconds to wait for a connection, and between two reads.
        retries: further tries after a fault that may pass (a reset, a 503).
        mirrors: more sources for the zoo's archives; see `download.sources`.
        mirrors_first: try mirrors before the zoo's own addresses.
        shared_caches: folders with archives of others, read and never written to, looked at before
            the user's own cache; relative to the workspace.
        keep_archives: keep archives in the cache after extraction.
        locked: config/zoo.lock must stay as it is: a network that it lacks is an error.
        unreachable: what a network does whose hosts can't be reached: `defer` or `fail`.
        probe_timeout: seconds, for all hosts together, to find out what can be reached.
        smoke_timeout: seconds one network may take to load and run.
        max_members, max_unpacked: limits of an archive (number; bytes).
        smoke_image: a picture that all networks are run on, relative to the workspace.
        netrc_hosts: hosts that may be sent what ~/.netrc has for them; see `web.request`.
        catalogues: more catalogue files, relative to config/.
        import_pictures: how `doit import` takes pictures: copies, hard links or symbolic links.
        scheduler: address of a Dask scheduler whose workers run the networks; see `tasks.cluster`.
        timing_worker: name of the worker on which networks are timed; "" for this machine.
    """

    connect_timeout: Seconds = 10.0
    read_timeout: Seconds = 30.0
    retries: Annotated[int, Meta(ge=0, le=20)] = 4
    mirrors: tuple[Text, ...] = ()
    mirrors_first: bool = False
    shared_caches: tuple[Text, ...] = ()
    keep_archives: bool = True
    locked: bool = False
    unreachable: Literal["defer", "fail"] = "defer"
    probe_timeout: Annotated[float, Meta(gt=0, le=60)] = 3.0
    smoke_timeout: Seconds = 900.0
    max_members: Annotated[int, Meta(ge=1, le=10**9)] = 10_000
    max_unpacked: Bytes = 8_000_000_000
    smoke_image: MaybeText = ""
    netrc_hosts: tuple[Text, ...] = ()
    catalogues: tuple[Text, ...] = ()
    import_pictures: Literal["copy", "link", "refer"] = "copy"
    scheduler: MaybeText = ""
    timing_worker: MaybeText = ""


class Config(Frozen, frozen=True, kw_only=True):
    """All of config/, checked and joined.

    Attributes:
        networks: name → network, in the catalogue's order; the user's own come last.
        projects: name → project, in the workspace file's order.
        labels: name of a label set → {label: id}.
        pictures: name → picture.
    """

    networks: dict[Name, Network]
    projects: dict[Name, Project]
    labels: dict[Name, LabelIds] = {}
    pictures: dict[Name, Picture] = {}
    settings: Settings = Settings()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The networks that the projects name, each once, in order."""
        return tuple(dict.fromkeys(n for p in self.projects.values() for n in p.all_networks))

    def label_ids(self, network: Network) -> dict[str, int]:
        """label → class id of a network; empty if none are known. Labels are in NFC."""
        labels = network.labels
        return numbered(self.labels.get(labels, {}) if isinstance(labels, str) else labels)


def numbered(labels: tuple[str, ...] | dict[str, int]) -> dict[str, int]:
    """label → class id: as given, or counted from 1 in the order given. Labels are in NFC, which
    makes one label of those that look the same however they were typed."""
    ids = labels if isinstance(labels, dict) else {one: n for n, one in enumerate(labels, 1)}
    return {composed(label): number for label, number in ids.items()}


class LockEntry(
    Frozen, frozen=True, kw_only=True, omit_defaults=False, rename={"attested_by": "witness"}
):
    """What was trusted of one network.

    Attributes:
        sha256, size: of the archive.
        tree: digest of the extracted tree (`ExtractReceipt.tree`); "" until extracted.
        source: the address that the bytes came from, without secrets (see `addresses`), or
            `adopted`.
        attested_by: as in `DownloadReceipt`; `user` marks bytes that the user accepted, and
            `none`, in older files, those that came over plain http.
    """

    sha256: Sha256
    size: Bytes
    tree: str = ""
    source: str = ""
    attested_by: str = ""
