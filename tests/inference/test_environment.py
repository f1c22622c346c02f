"""What TensorFlow's process is given, and what it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.inference.environment import (
    FOLDERS,
    SETTINGS,
    VARIABLE,
    Permissions,
    environment,
    take_permissions,
    write_permissions,
)

ROOT = Path(__file__).parents[2]

SECRETS = (
    "HTTPS_PROXY",
    "https_proxy",
    "AWS_SECRET_ACCESS_KEY",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GITHUB_TOKEN",
    "SSH_AUTH_SOCK",
    "NETRC",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "KUBECONFIG",
    "PGPASSWORD",
    "DISPLAY",
)


def test_what_the_user_set_for_tensorflow_stays() -> None:
    given = {
        "CUDA_VISIBLE_DEVICES": "0",
        "TF_CPP_MIN_LOG_LEVEL": "0",
        "OMP_NUM_THREADS": "2",
        "PYTHONPATH": "/lib/mine",
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "LD_LIBRARY_PATH": "/usr/local/cuda/lib64",
    }
    passed = environment(given, "/new")
    assert {name: passed[name] for name in given} == given
    assert environment({}, "/new")["CUDA_VISIBLE_DEVICES"] == "-1"
    assert environment({}, "/new")["TF_CPP_MIN_LOG_LEVEL"] == "3"


def test_no_secret_and_no_proxy_is_passed_on() -> None:
    given = dict.fromkeys(SECRETS, "secret")
    assert "secret" not in environment(given, "/new").values()


@pytest.mark.parametrize(
    "name",
    [
        *("TF_VAR_db_password", "TF_TOKEN_app_terraform_io", "TF_CLI_ARGS", "TF_LOG_PATH"),
        *("LC_TELEPHONE_TOKEN", "LC_API_KEY", "CUDA_LICENSE", "OMP_SECRET", "KMP_TOKEN"),
        *("PYTHON_KEYRING_BACKEND", "PYTHON_GITLAB_TOKEN", "PYTHONANYWHERE_API_TOKEN"),
        *("MKL_KEY", "XLA_TOKEN", "KERAS_API_KEY", "NVIDIA_API_KEY", "MALLOC_X", "HIP_X", "tz"),
    ],
)
def test_a_name_that_only_begins_as_one_of_those_passed_on_is_not(name: str) -> None:
    assert "secret" not in environment({name: "secret"}, "/new").values()


def test_an_address_is_passed_on_under_no_name() -> None:
    address = "https://me:secret@host/x"
    names = [*SETTINGS, *FOLDERS]
    assert address not in environment(dict.fromkeys(names, address), "/new").values()
    assert "a\nb" not in environment(dict.fromkeys(SETTINGS, "a\nb"), "/new").values()


def test_the_users_home_and_temporary_folder_are_not_the_process_s() -> None:
    given = {"HOME": "/home/me", "TMPDIR": "/home/me/tmp", "XDG_CONFIG_HOME": "/home/me/.config"}
    passed = environment(given, "/new")
    assert (passed["HOME"], passed["TMPDIR"]) == ("/new", "/new")
    assert not any("/home/me" in value for value in passed.values())


def test_what_any_environment_gives_is_bounded() -> None:
    allowed = set(environment({**os.environ, "SOMETHING_NEW": "1"}, "/new"))
    assert "SOMETHING_NEW" not in allowed


def test_permissions_of_any_length_are_handed_over_and_removed(tmp_path: Path) -> None:
    permissions = Permissions(
        reads=tuple(f"/pictures/{number:0>100}.png" for number in range(10_000))
    )
    surroundings = {VARIABLE: write_permissions(permissions, str(tmp_path))}
    assert take_permissions(surroundings) == permissions
    assert surroundings == {}
    assert list(tmp_path.iterdir()) == []
    assert take_permissions({}) == Permissions()


def test_modules_that_the_installer_did_not_compile_are_compiled_before_the_process_is_isolated(
    tmp_path: Path,
) -> None:
    package = tmp_path / "tensorflow"
    package.mkdir()
    (package / "__init__.py").write_text("import tensorflow.more")
    (package / "more.py").touch()
    ours = tmp_path / "root" / "tasks" / "module.py"
    ours.parent.mkdir(parents=True)
    ours.touch()
    code = (
        "from pathlib import Path; import tasks.inference.worker as w; "
        f"w.ROOT = Path({str(tmp_path / 'root')!r}); w.compile_modules()"
    )
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    unset = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(
        [sys.executable, "-P", "-c", code], env={**unset, "PYTHONPATH": path}, check=True
    )
    assert len(list((ours.parent / "__pycache__").iterdir())) == 1
    assert len(list((package / "__pycache__").glob("*.pyc"))) == 2
