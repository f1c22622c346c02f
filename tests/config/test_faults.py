"""Every fault at once, each in one line, and never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.config.load import load
from tasks.config.types import Config, Network, Project, Settings
from tasks.core.errors import ConfigError
from tasks.core.paths import Workspace
from tests.config.conftest import CATALOGUE, OWN

HUGE = "0x" + "f" * 9000


def faults_of(
    workspace: Workspace, own: str | bytes = OWN, more: str | None = None
) -> tuple[str, ...]:
    content = own if isinstance(own, bytes) else own.encode()
    (workspace.config / "workspace.toml").write_bytes(content)
    if more is not None:
        (workspace.config / "more.toml").write_text(more, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(workspace)
    assert str(caught.value) == "\n".join(caught.value.faults)
    return caught.value.faults


PROJECT = '[projects.cubes]\nlabels = ["one"]\n'
NETWORK = '[networks.mine]\nsources = ["a"]\n'

# What stands in workspace.toml → the one fault, without the file's name.
TABLE = {
    # keys
    '[projects.cubes]\nlables = ["one"]\nlabels = ["one"]': (
        "projects.cubes.lables: there is no such key; did you mean `labels`?"
    ),
    "[projects.cubes]": "projects.cubes: expected a key `labels`",
    "[setings]": "setings: there is no such key; did you mean `settings`?",
    "[settings]\nkeep_archive = true": (
        "settings.keep_archive: there is no such key; did you mean `keep_archives`?"
    ),
    PROJECT + 'name = "x"': (
        "projects.cubes.name: there is no such key: the name is given in the table's header"
    ),
    '[projects."a b"]\nlabels = ["one"]': (
        'projects."a b": expected a key that is a name of letters, digits, `.`, `_` and `-`, '
        "a letter or digit first"
    ),
    '[projects."a\\nb"]\nlabels = ["one"]': (
        'projects."a\\nb": expected a key that is a name of letters, digits, `.`, `_` and `-`, '
        "a letter or digit first"
    ),
    # types
    "settings = 3": "settings: expected a table; found 3",
    "projects = []": "projects: expected a table; found an empty list",
    "networks = 2020-01-01": "networks: expected a table; found 2020-01-01",
    "[settings]\nretries = true": (
        "settings.retries: expected a whole number from 0 to 20; found true"
    ),
    "[settings]\nretries = 1.0": (
        "settings.retries: expected a whole number from 0 to 20; found 1.0"
    ),
    "[settings]\nkeep_archives = 1": "settings.keep_archives: expected true or false; found 1",
    '[settings]\nmirrors = "x"': (
        'settings.mirrors: expected a list, each item one line of text, not blank; found "x"'
    ),
    "[settings]\nconnect_timeout = 2020-01-01T00:00:00Z": (
        "settings.connect_timeout: expected a number above 0 and at most 86400; "
        "found 2020-01-01 00:00:00+00:00"
    ),
    "[settings]\nconnect_timeout = inf": (
        "settings.connect_timeout: expected a number above 0 and at most 86400; found inf"
    ),
    "[settings]\nconnect_timeout = nan": ("settings.connect_timeout: expected a number; found nan"),
    f"[settings]\nretries = {HUGE}": (
        "settings.retries: expected a whole number of at most 64 bits"
    ),
    "[settings]\nsmoke_image = true": (
        "settings.smoke_image: expected one line of text; found true"
    ),
    '[settings]\nunreachable = "defr"': (
        'settings.unreachable: expected "defer" or "fail"; found "defr"; did you mean `defer`?'
    ),
    NETWORK + "input_size = [1, 2, 3]": (
        "networks.mine.input_size: expected a list of 2 items, each a whole number from 1 to "
        "65536; "
        "found a list of 3 items"
    ),
    NETWORK + 'archive = { sha256 = "AB" }': (
        "networks.mine.archive.sha256: expected a sha256: 64 hexadecimal digits, lower case; "
        'found "AB"'
    ),
    NETWORK + f'archive = {{ sha256 = "{"a" * 64}\\n" }}': (
        "networks.mine.archive.sha256: expected a sha256: 64 hexadecimal digits, lower case; "
        f'found "{"a" * 57}…"'
    ),
    "[networks.mine]\nsources = []": (
        "networks.mine.sources: expected a list of at least 1 item, each one line of text, not "
        "blank; "
        "found an empty list"
    ),
    NETWORK + 'family = "EficientDet"': (
        'networks.mine.family: expected "CenterNet" or "EfficientDet" or "ExtremeNet" or '
        '"Faster R-CNN" or "Mask R-CNN" or "SSD" or "other"; found "EficientDet"; '
        "did you mean `EfficientDet`?"
    ),
    # labels
    NETWORK + "labels = { a = 0 }": (
        "networks.mine.labels.a: expected a whole number from 1 to 2147483647; found 0"
    ),
    NETWORK + "labels = { a = 1, b = 1 }": (
        "networks.mine.labels.b: expected an id that no other label has: `a` has 1 too"
    ),
    NETWORK + 'labels = ["caf\u00e9", "cafe\u0301"]': (
        "networks.mine.labels[1]: expected each label once: `cafe\u0301` is also at index 0, "
        "written with other Unicode code points"
    ),
    NETWORK + 'labels = { "caf\u00e9" = 1, "cafe\u0301" = 2 }': (
        'networks.mine.labels."cafe\u0301": expected each label once: `cafe\u0301` is also in the '
        "table, written with other Unicode code points"
    ),
    "[labels.x]\na = 2\nb = 2": "labels.x.b: expected an id that no other label has: `a` has 2 too",
    NETWORK + 'labels = ["a", "b", "a"]': (
        "networks.mine.labels[2]: expected each label once: `a` is also at index 0"
    ),
    '[projects.cubes]\nlabels = ["one", " "]': (
        'projects.cubes.labels[1]: expected one line of text, not blank; found " "'
    ),
    "[projects.cubes]\nlabels = []": (
        "projects.cubes.labels: expected a list of at least 1 item, each one line of text, not "
        "blank; "
        "found an empty list"
    ),
    '[projects.cubes]\nlabels = "fruit"': (
        "projects.cubes.labels: expected a list of at least 1 item, each one line of text, not "
        "blank, "
        'or a table of at least 1 entry; found "fruit"'
    ),
    # names that must be known
    PROJECT + 'networks = ["first_ned"]': (
        "projects.cubes.networks[0]: expected the name of a network; none is called `first_ned`; "
        "did you mean `first_net`?"
    ),
    PROJECT + 'networks = ["second"]': (
        "projects.cubes.networks[0]: expected the name of a network; none is called `second`; "
        "did you mean `second_net`?"
    ),
    PROJECT + 'networks = ["quite unlike"]': (
        "projects.cubes.networks[0]: expected the name of a network; none is called `quite unlike`"
    ),
    NETWORK + 'labels = "fruits"': (
        "networks.mine.labels: expected the name of a label set; none is called `fruits`; "
        "did you mean `fruit`?"
    ),
    NETWORK + 'smoke_picture = "bow"': (
        "networks.mine.smoke_picture: expected the name of a picture; none is called `bow`; "
        "did you mean `bowl`?"
    ),
    NETWORK + 'labels = "fruit"\nsmoke_picture = "bowl"\nexpect = { label = "aple", score = 1 }': (
        "networks.mine.expect.label: expected a label of this network; none is called `aple`; "
        "did you mean `apple`?"
    ),
    NETWORK + 'expect = { label = "a", score = 0.5 }': (
        "networks.mine.expect: expected a `smoke_picture` for this network: `expect` says what "
        "is found in it"
    ),
    # names that must be free and usable
    '[networks.first_net]\nsources = ["a"]': (
        "networks.first_net: expected another name: config/zoo.toml has one of this name already"
    ),
    '[networks.First_Net]\nsources = ["a"]': (
        "networks.First_Net: expected another name: `first_net` of config/zoo.toml differs only "
        "in case"
    ),
    "[labels.fruit]\na = 1": (
        "labels.fruit: expected another name: config/zoo.toml has one of this name already"
    ),
    '[networks."lpt1.x"]\nsources = ["a"]': (
        'networks."lpt1.x": expected a name that Windows allows'
    ),
    '[projects.Con]\nlabels = ["a"]': "projects.Con: expected a name that Windows allows",
    '[projects."x."]\nlabels = ["a"]': 'projects."x.": expected no full stop at the end',
    '[projects.Tasks]\nlabels = ["a"]': (
        "projects.Tasks: expected another name: `tasks` belongs to the build"
    ),
    '[projects."Zoo.png"]\nlabels = ["a"]': (
        'projects."Zoo.png": expected another name: `doit plot` writes results/zoo.png'
    ),
    '[networks."zoo.svg"]\nsources = ["a"]': (
        'networks."zoo.svg": expected another name: `doit plot` writes results/zoo.svg'
    ),
    '[projects.First_net]\nlabels = ["a"]': (
        "projects.First_net: expected another name: the network `first_net` has its results in "
        "that folder"
    ),
    PROJECT + 'label_map = "Train.record"': (
        "projects.cubes.label_map: expected another name: `doit records` writes a file of this one"
    ),
    PROJECT + 'networks = ["first_net"]\nlabel_map = "first_net"': (
        "projects.cubes.label_map: expected a name that no network of the project has"
    ),
    PROJECT + "test_share = 1.0": (
        "projects.cubes.test_share: expected a number from 0 to 0.9; found 1.0"
    ),
    PROJECT + 'label_map = "../x.pbtxt"': (
        "projects.cubes.label_map: expected a file name: letters, digits, `.`, `_` and `-`, "
        'no folder; found "../x.pbtxt"'
    ),
    '[projects.cubes]\nlabels = ["one "]': (
        "projects.cubes.labels[0]: expected no space before or after the label"
    ),
    '[projects.cubes]\nlabels = ["\\u202eeno"]': (
        "projects.cubes.labels[0]: expected visible characters only; found U+202E "
        "(right-to-left override)"
    ),
    '[projects.cubes]\nlabels = { " one" = 1 }': (
        'projects.cubes.labels." one": expected no space before or after the label'
    ),
    '[projects.cubes]\nlabels = ["one", "two", "one"]': (
        "projects.cubes.labels[2]: expected each label once: `one` is also at index 0"
    ),
    '[projects.cubes]\nlabels = ["one", 2]': (
        "projects.cubes.labels[1]: expected one line of text, not blank; found 2"
    ),
    "[projects.cubes]\nlabels = { one = 0 }": (
        "projects.cubes.labels.one: expected a whole number from 1 to 2147483647; found 0"
    ),
    "[projects.cubes]\nlabels = {}": (
        "projects.cubes.labels: expected a table of at least 1 entry; found an empty table"
    ),
    # training
    PROJECT + "[projects.cubes.training]\nbatch_sise = 3": (
        "projects.cubes.training.batch_sise: there is no such key; did you mean `batch_size`?"
    ),
    PROJECT + '[projects.cubes.training]\ndevice = "cuda"': (
        'projects.cubes.training.device: expected "cpu" or "gpu" or "tpu"; found "cuda"'
    ),
    PROJECT + "[projects.cubes.training]\nreplicas = 4\nbatch_size = 6": (
        "projects.cubes.training: expected a batch_size that 4 replicas can share evenly; found 6"
    ),
    PROJECT + "[projects.cubes.training]\nmax_detections = 3\nmax_detections_per_class = 4": (
        "projects.cubes.training: expected max_detections_per_class of at most 3, which is "
        "max_detections"
    ),
    PROJECT + "[projects.cubes.training_of.first_nte]\nnum_steps = 1": (
        "projects.cubes.training_of.first_nte: expected a network of the project; "
        "it has no `first_nte`"
    ),
    PROJECT + '[projects.cubes.training.overrides]\n"a..b" = 1': (
        'projects.cubes.training.overrides."a..b": expected a key that is the path of a field, '
        "such as `train_config.batch_size`"
    ),
    PROJECT + '[projects.cubes.training.overrides]\n"a.b" = { c = 1 }': (
        'projects.cubes.training.overrides."a.b": '
    ),
    # paths and addresses
    PROJECT + 'smoke_image = "a.png"': (
        "projects.cubes.smoke_image: expected a picture; there is no file a.png"
    ),
    '[settings]\nmirrors = ["ftp://host/"]': (
        "settings.mirrors[0]: expected a path, or an address that begins with http://, https:// "
        "or file://; "
        "found ftp://"
    ),
    '[networks.mine]\nsources = ["http://"]': (
        "networks.mine.sources[0]: expected an address; found only http://"
    ),
    '[networks.mine]\nsources = ["http://[bad/x"]': (
        "networks.mine.sources[0]: expected an address; its host can't be read"
    ),
    '[networks.mine]\nsources = ["https://host:99999/x"]': (
        "networks.mine.sources[0]: expected a port from 1 to 65535 after the host"
    ),
    '[networks.mine]\nsources = ["x", "~nosuchuser/x"]': (
        "networks.mine.sources[1]: expected a path; there is no home folder for ~nosuchuser here"
    ),
    '[settings]\nmirrors = ["file://[x/y"]': (
        "settings.mirrors[0]: expected a path behind file://, as in file:///folder/file"
    ),
    '[settings]\nnetrc_hosts = ["https://host"]': (
        "settings.netrc_hosts[0]: expected the name of a host alone, without scheme, port or path"
    ),
    '[settings]\nshared_caches = ["/srv/zoo", "http://me:secret@host/x"]': (
        "settings.shared_caches[1]: expected the path of a folder; addresses belong in `mirrors`"
    ),
    '[settings]\nshared_caches = ["~nosuchuser/zoo"]': (
        "settings.shared_caches[0]: expected a path; there is no home folder for ~nosuchuser here"
    ),
    f'[pictures.p]\nsource = "pictures/p.png"\nsha256 = "{"0" * 64}"': (
        "pictures.p.source: expected an address that begins with https:// or http://"
    ),
    f'[pictures.p]\nsource = "https://host:0/p.png"\nsha256 = "{"0" * 64}"': (
        "pictures.p.source: expected a port from 1 to 65535 after the host"
    ),
    '[settings]\nretires = "https://me:secret@host/x?token=secret"': (
        "settings.retires: there is no such key; did you mean `retries`?"
    ),
    '[networks.mine]\nsources = "https://me:secret@host/x?token=secret"': (
        "networks.mine.sources: expected a list of at least 1 item, each one line of text, not "
        "blank; "
        'found "https://***@host/x?***"'
    ),
    '[settings]\ncatalogues = ["none.toml"]': (
        "settings.catalogues[0]: expected a file at config/none.toml: no such file or directory"
    ),
    '[settings]\ncatalogues = ["../config/./zoo.toml"]': (
        "settings.catalogues[0]: expected each file once: config/zoo.toml"
    ),
    # the text itself
    'a = "': "at the end: unterminated string",
    "[settings]\nretries = = 3": "line 2, column 11: invalid value",
    "a = 1\na = 2\n": "line 2, column 6: cannot overwrite a value",
    b"a = 1\nb = '\xff'": "line 2: expected UTF-8 text, found the byte 0xff",
    "x = " + "[" * 5000: "expected brackets that are nested less deeply",
    "x" + ".a" * 5000 + " = 1": "x.a.a: expected tables that are nested less deeply",
    "x = " + "9" * 5000: "expected TOML: ",
}


@pytest.mark.parametrize(("own", "fault"), TABLE.items(), ids=range(len(TABLE)))
def test_a_fault_is_told_with_its_place_and_what_was_expected(
    small: Workspace, own: str | bytes, fault: str
) -> None:
    (told,) = faults_of(small, own)
    if fault.endswith(": "):
        assert told.startswith(f"config/workspace.toml: {fault}")
    else:
        assert told == f"config/workspace.toml: {fault}"


def test_all_faults_of_all_files_are_told_at_once(small: Workspace) -> None:
    own = '[settings]\nretires = 1\ncatalogues = ["more.toml", "none.toml"]\n[projects.tasks]\n'
    with open(small.config / "zoo.toml", "a", encoding="utf-8") as file:
        file.write("size = 3\n")
    assert faults_of(small, own, "[networks.x]\nspeed_ms = 0\n") == (
        "config/zoo.toml: networks.second_net.size: there is no such key; did you mean `resizer`?",
        "config/more.toml: networks.x: expected a key `sources`",
        "config/more.toml: networks.x.speed_ms: expected a number above 0 and at most 3600000; "
        "found 0",
        "config/workspace.toml: projects.tasks: expected a key `labels`",
        "config/workspace.toml: projects.tasks: expected another name: "
        "`tasks` belongs to the build",
        "config/workspace.toml: settings.catalogues[1]: expected a file at config/none.toml: "
        "no such file or directory",
        "config/workspace.toml: settings.retires: there is no such key; did you mean `retries`?",
    )


def test_a_catalogue_that_can_not_be_read_makes_no_name_unknown(small: Workspace) -> None:
    (small.config / "zoo.toml").write_text("[", encoding="utf-8")
    (fault,) = faults_of(small)
    assert fault.startswith("config/zoo.toml: ")


def test_two_catalogues_may_not_have_one_network(small: Workspace) -> None:
    own = '[settings]\ncatalogues = ["more.toml"]\n'
    assert faults_of(small, own, '[networks.second_net]\nsources = ["a"]\n') == (
        "config/more.toml: networks.second_net: expected another name: "
        "config/zoo.toml has one of this name already",
    )


def test_a_catalogue_holds_no_projects(small: Workspace) -> None:
    (fault,) = faults_of(small, '[settings]\ncatalogues = ["more.toml"]\n', "[projects.x]\n")
    assert fault == (
        "config/more.toml: projects: there is no such key in a catalogue: "
        "it belongs in config/workspace.toml"
    )


@pytest.mark.parametrize("name", ["zoo.toml", "workspace.toml"])
def test_a_missing_file_is_told(small: Workspace, name: str) -> None:
    (small.config / name).unlink()
    with pytest.raises(ConfigError) as caught:
        load(small)
    assert caught.value.faults == (f"config/{name}: expected a file: no such file or directory",)


def test_a_folder_in_place_of_a_file_is_told(small: Workspace) -> None:
    (small.config / "zoo.toml").unlink()
    (small.config / "zoo.toml").mkdir()
    with pytest.raises(ConfigError, match=r"config/zoo\.toml: expected a file: is a folder"):
        load(small)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable to this user"
)
def test_a_file_that_may_not_be_read_is_told(small: Workspace) -> None:
    (small.config / "zoo.toml").chmod(0)
    with pytest.raises(ConfigError, match=r"config/zoo\.toml: expected a file: permission denied"):
        load(small)


def test_an_operating_systems_refusal_is_told(
    small: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("tasks.core.files.open_file", refuse)
    with pytest.raises(ConfigError) as caught:
        load(small)
    assert caught.value.faults == (
        "config/workspace.toml: expected a file: permission denied",
        "config/zoo.toml: expected a file: permission denied",
    )


def test_no_config_folder_is_told(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match=r"config/workspace\.toml: expected a file"):
        load(workspace)


def test_a_found_value_can_not_steer_the_terminal(small: Workspace) -> None:
    (fault,) = faults_of(small, '[settings]\nunreachable = "\\u001b[2J\\u202edefer"\n')
    assert fault.isprintable()


# --- whatever is in the files -------------------------------------------------------------------


def is_told_or_loaded(workspace: Workspace) -> None:
    """The property: a `Config`, or faults of one printable line each; nothing else is raised."""
    try:
        outcome: Config | tuple[str, ...] = load(workspace)
    except ConfigError as error:
        outcome = error.faults
    if not isinstance(outcome, Config):
        assert outcome
        assert all(fault.isprintable() for fault in outcome)
        assert all(fault.startswith("config/") for fault in outcome), outcome


PROPERTY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SEED = OWN + NETWORK + 'labels = { a = 1 }\nmembers = { "a/b" = { size = 1 } }\n'
SCALARS = st.one_of(
    st.booleans().map(lambda value: str(value).lower()),
    st.integers().map(str),
    st.floats().map(str),
    st.dates().map(str),
    st.times().map(str),
    st.sampled_from(['""', "'''\n'''", "[]", "{}", '"\\u0000"', '"con"', HUGE, "[[1]]", "[{}]"]),
    st.text(st.characters(blacklist_characters="'\n\r", blacklist_categories=["Cs", "Cc"])).map(
        lambda text: f"'{text}'"
    ),
)
KEYS = st.sampled_from(
    [
        *("networks", "projects", "labels", "pictures", "settings", "name", "networks.mine"),
        *(f"settings.{key}" for key in Settings.__struct_fields__),
        *(f"projects.cubes.{key}" for key in Project.__struct_fields__),
        *(f"networks.mine.{key}" for key in Network.__struct_fields__),
        *("networks.mine.archive.size", "networks.mine.expect.label", "labels.x", "labels.x.a"),
        *("projects.cubes", "pictures.bowl", "pictures.x.source"),
    ]
)


@PROPERTY
@given(content=st.binary(max_size=300))
def test_random_bytes_give_no_traceback(small: Workspace, content: bytes) -> None:
    (small.config / "workspace.toml").write_bytes(content)
    is_told_or_loaded(small)


@PROPERTY
@given(assignments=st.dictionaries(KEYS, SCALARS, max_size=5))
def test_any_value_at_any_key_gives_no_traceback(
    small: Workspace, assignments: dict[str, str]
) -> None:
    lines = [f"{key} = {value}" for key, value in assignments.items()]
    (small.config / "workspace.toml").write_text("\n".join(lines), encoding="utf-8")
    is_told_or_loaded(small)


@PROPERTY
@given(
    start=st.integers(0, len(SEED)),
    length=st.integers(0, 12),
    piece=st.one_of(st.text(max_size=5), SCALARS, KEYS),
)
def test_a_slip_of_the_hand_gives_no_traceback(
    small: Workspace, start: int, length: int, piece: str
) -> None:
    text = SEED[:start] + piece + SEED[start + length :]
    (small.config / "workspace.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    is_told_or_loaded(small)


@PROPERTY
@given(line=st.integers(0, CATALOGUE.count("\n")), value=SCALARS)
def test_a_slip_in_a_catalogue_gives_no_traceback(small: Workspace, line: int, value: str) -> None:
    lines = CATALOGUE.split("\n")
    key = lines[line].partition("=")[0]
    lines[line] = f"{key}= {value}"
    (small.config / "zoo.toml").write_text("\n".join(lines), encoding="utf-8")
    is_told_or_loaded(small)


@pytest.mark.parametrize(
    "content", ["[networks.cubes-first_net", "[networks.cubes-first_net]\nsources = 3\n"]
)
def test_a_broken_entry_of_an_export_is_told_with_what_makes_it_anew(
    small: Workspace, content: str
) -> None:
    place = small.root / "exports" / "cubes-first_net.toml"
    place.parent.mkdir()
    place.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(small)
    (told,) = str(error.value).splitlines()
    assert told.startswith("exports/cubes-first_net.toml: ")
    assert told.endswith("; mend or remove this file: `doit export:cubes:first_net` makes it anew")


@pytest.mark.parametrize("name", ["cubes-own.yours.toml", "cubes-own.yours-12.toml"])
def test_a_table_that_a_newer_export_set_aside_is_none_any_more(
    small: Workspace, name: str
) -> None:
    table = '[networks.cubes-own]\nsources = ["{}.tar.gz"]\n'
    place = small.root / "exports/cubes-own.toml"
    place.parent.mkdir()
    place.write_text(table.format("newer"), encoding="utf-8")
    place.with_name(name).write_text(table.format("older"), encoding="utf-8")
    assert load(small).networks["cubes-own"].sources == ("newer.tar.gz",)
