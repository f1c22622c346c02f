"""From files to a `Config`, and the compiled copy that makes it quick."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.config.load import compiled, load
from tasks.config.reading import LIMIT
from tasks.config.types import Config
from tasks.core.errors import ConfigError
from tasks.core.paths import Workspace

ROOT = Path(__file__).parents[2]
SLOW = ("tomllib", "jsonschema", "tasks.config.parse", "tasks.config.faults")


def own(workspace: Workspace) -> Path:
    return workspace.config / "workspace.toml"


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_files_become_objects(small: Workspace) -> None:
    config = load(small)
    assert list(config.networks) == ["first_net", "second_net"]
    assert config.networks["first_net"].name == "first_net"
    assert config.wanted == ("first_net",)
    assert config.label_ids(config.networks["first_net"]) == {"apple": 1, "pear": 3}
    assert config.label_ids(config.networks["second_net"]) == {"a": 1, "b": 2}
    assert config.settings.retries == 2


def test_networks_of_ones_own_come_last(small: Workspace) -> None:
    append(own(small), 'catalogues = ["more.toml"]\n[networks.mine]\nsources = ["mine.tar.gz"]\n')
    (small.config / "more.toml").write_text(
        '[networks.more]\nsources = ["x"]\n[labels.extra]\na = 1\n', encoding="utf-8"
    )
    config = load(small)
    assert list(config.networks) == ["first_net", "second_net", "more", "mine"]
    assert config.labels["extra"] == {"a": 1}
    assert compiled(small) == config


def test_a_project_may_use_a_network_of_the_workspace_file(small: Workspace) -> None:
    append(
        own(small),
        '[projects.more]\nlabels = { one = 7 }\nnetworks = ["mine"]\n'
        '[networks.mine]\nsources = ["a"]\n',
    )
    assert load(small).wanted == ("first_net", "mine")


def test_a_byte_order_mark_and_windows_line_ends_are_read(small: Workspace) -> None:
    text = own(small).read_text(encoding="utf-8").replace("\n", "\r\n")
    own(small).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(small).wanted == ("first_net",)


def test_a_workspace_file_may_be_empty(small: Workspace) -> None:
    own(small).write_bytes(b"")
    assert load(small).projects == {}


def test_the_second_load_needs_neither_a_parser_nor_a_validator(small: Workspace) -> None:
    load(small)
    script = (
        "import sys; from pathlib import Path; from tasks.core.paths import Workspace; "
        "from tasks.config.load import load; load(Workspace(Path(sys.argv[1]))); "
        f"print([name for name in {SLOW!r} if name in sys.modules])"
    )
    command = [sys.executable, "-c", script, str(small.root)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["zoo.toml", "workspace.toml", "more.toml"])
def test_a_change_in_any_file_makes_the_copy_stale(small: Workspace, name: str) -> None:
    append(own(small), 'catalogues = ["more.toml"]\n')
    (small.config / "more.toml").write_text("", encoding="utf-8")
    before = load(small)
    append(small.config / name, '\n[networks.new]\nsources = ["a"]\n')
    assert compiled(small) is None
    assert set(load(small).networks) - set(before.networks) == {"new"}
    assert compiled(small) is not None


def test_a_copy_is_not_written_again_when_it_serves(small: Workspace) -> None:
    load(small)
    os.utime(small.compiled_config, (1, 1))
    load(small)
    assert small.compiled_config.stat().st_mtime == 1


def test_a_fault_leaves_no_copy_that_would_hide_it(small: Workspace) -> None:
    load(small)
    append(own(small), "retires = 3\n")
    for _ in range(2):
        with pytest.raises(ConfigError):
            load(small)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_copy_only_costs_time(small: Workspace, data: st.DataObject) -> None:
    expected = load(small)
    content = bytearray(small.compiled_config.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[position:]
    else:
        content[position] ^= data.draw(st.integers(1, 255))
    small.compiled_config.write_bytes(content)
    assert load(small) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"null\nnull",
        b'{"files": [], "digest": ""}\n{}',
        b'{"files": ["/dev/zero"], "digest": ""}\n{}',
        b'{"files": ["/dev/stdin", "a\\u0000b"], "digest": ""}\n{}',
        b'{"files": 3, "digest": ""}\n{}',
        b"[" * 100_000,
        b"\xff" * 100,
    ],
)
def test_a_hostile_copy_is_not_believed(small: Workspace, content: bytes) -> None:
    expected = load(small)
    small.compiled_config.write_bytes(content)
    assert load(small) == expected


def test_a_copy_that_is_no_file_does_not_matter(small: Workspace) -> None:
    small.compiled_config.mkdir(parents=True)
    assert load(small).wanted == load(small).wanted == ("first_net",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_place_of_a_file_does_not_wait_for_ever(small: Workspace) -> None:
    small.state.mkdir()
    os.mkfifo(small.compiled_config)
    load(small)
    own(small).unlink()
    os.mkfifo(own(small))
    with pytest.raises(ConfigError, match="not an ordinary file"):
        load(small)


def test_a_huge_file_is_not_read(small: Workspace) -> None:
    with open(own(small), "wb") as file:
        file.truncate(LIMIT + 1)
    with pytest.raises(ConfigError, match=r"workspace\.toml: expected a file: more than 16 MiB"):
        load(small)


def test_a_state_folder_that_is_a_file_does_not_matter(small: Workspace) -> None:
    small.state.write_bytes(b"in the way")
    assert load(small).wanted == ("first_net",)


def test_a_picture_that_vanishes_is_told_though_no_file_changed(small: Workspace) -> None:
    append(own(small), 'smoke_image = "mine.png"\n')
    (small.root / "mine.png").write_bytes(b"picture")
    assert load(small).settings.smoke_image == "mine.png"
    (small.root / "mine.png").unlink()
    with pytest.raises(ConfigError) as caught:
        load(small)
    (fault,) = caught.value.faults
    assert fault.endswith("settings.smoke_image: expected a picture; there is no file mine.png")


def test_what_was_loaded_can_not_be_changed(small: Workspace) -> None:
    config = load(small)
    with pytest.raises(AttributeError):
        config.settings.retries = 3  # type: ignore[misc]
    assert isinstance(config, msgspec.Struct)
    assert isinstance(config, Config)
