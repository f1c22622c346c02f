"""What TensorFlow's process is given, and what it is not."""

from __future__ import annotations

import os

from tasks.engine.surroundings import environment

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


def test_the_users_home_and_temporary_folder_are_not_the_process_s() -> None:
    given = {"HOME": "/home/me", "TMPDIR": "/home/me/tmp", "XDG_CONFIG_HOME": "/home/me/.config"}
    passed = environment(given, "/new")
    assert (passed["HOME"], passed["TMPDIR"]) == ("/new", "/new")
    assert not any("/home/me" in value for value in passed.values())


def test_what_any_environment_gives_is_bounded() -> None:
    allowed = set(environment({**os.environ, "SOMETHING_NEW": "1"}, "/new"))
    assert "SOMETHING_NEW" not in allowed
