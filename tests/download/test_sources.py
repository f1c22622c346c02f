"""Where an archive is looked for, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.config.types import Settings
from tasks.web.sources import Source, local_path, ordered, parse
from tests.support.downloads import network

ZOO = "http://download.tensorflow.org/models/object_detection/tf2/20200711/net.tar.gz"
BUCKET = "https://storage.googleapis.com/download.tensorflow.org/models/tf2/20200711/net.tar.gz"


def texts(*sources: str, **settings: object) -> list[str]:
    given = Settings(**settings)  # type: ignore[arg-type]
    return [source.text for source in ordered(network(*sources), given)]


def test_own_addresses_come_in_their_order() -> None:
    assert texts(BUCKET, ZOO) == [BUCKET, ZOO]


@pytest.mark.parametrize(
    ("mirror", "place"),
    [
        ("https://mirror.example/zoo", "https://mirror.example/zoo/20200711/net.tar.gz"),
        ("https://mirror.example/zoo/", "https://mirror.example/zoo/20200711/net.tar.gz"),
        ("/media/usb", "/media/usb/20200711/net.tar.gz"),
        ("https://mirror.example/{file}?d={date}", "https://mirror.example/net.tar.gz?d=20200711"),
        ("~/zoo/{network}.tgz", "~/zoo/net.tgz"),
    ],
)
def test_a_mirror_is_a_base_or_a_template(mirror: str, place: str) -> None:
    assert texts(BUCKET, ZOO, mirrors=(mirror,)) == [BUCKET, ZOO, place]
    assert texts(BUCKET, ZOO, mirrors=(mirror,), mirrors_first=True) == [place, BUCKET, ZOO]


def test_mirrors_do_not_hold_what_was_never_on_a_server() -> None:
    assert texts("exports/mine.tar.gz", mirrors=("https://mirror.example",)) == [
        "exports/mine.tar.gz"
    ]


@pytest.mark.parametrize(
    ("mirror", "place"),
    [
        ("http://teacher.example:8000/", "http://teacher.example:8000/net.tar.gz"),
        ("/media/usb/{date}/{file}", "/media/usb/net.tar.gz"),
    ],
)
def test_an_address_without_a_folder_has_none_in_a_mirror(mirror: str, place: str) -> None:
    address = "https://host.example/net.tar.gz"
    assert texts(address, mirrors=(mirror,)) == [address, place]


def test_an_address_that_names_no_file_is_asked_of_mirrors_by_the_networks_name() -> None:
    address = "https://host.example/?id=5"
    mirrors = ("http://teacher.example", "http://teacher.example/{network}")
    assert texts(address, mirrors=mirrors) == [address, "http://teacher.example/net"]


def test_an_address_that_is_named_twice_is_asked_once() -> None:
    assert texts(ZOO, ZOO) == [ZOO]


def test_local_sources_are_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("USERPROFILE", "/home/ada")
    assert local_path("file:///data/my%20net.tar.gz") == Path("/data/my net.tar.gz")
    assert local_path("~/net.tar.gz") == Path("/home/ada/net.tar.gz")
    assert parse("exports/net.tar.gz").path == Path("exports/net.tar.gz")
    assert parse(ZOO) == Source(ZOO)


def test_both_names_of_the_zoos_bucket_are_known() -> None:
    assert parse(ZOO).is_storage
    assert parse(BUCKET).is_storage
    assert not parse("https://mirror.example/net.tar.gz").is_storage
    assert not parse("download.tensorflow.org/net.tar.gz").is_storage
