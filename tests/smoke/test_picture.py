"""Which picture a network is run on, and what its labels are asked."""

from __future__ import annotations

from embedded import NAME
from tasks.config.types import Config, Expectation, Network, Picture, Project, Settings
from tasks.smoke.picture import Choice, choose, label_checks

DOG = Expectation(label="dog", score=0.3)
COCO = Network(name="coco", sources=("x",), smoke_picture="dogs", expect=DOG)
PLAIN = Network(name="plain", sources=("x",))
OWN, CATALOGUE, SCENE = Choice("own", "me.png"), Choice("catalogue", "dogs"), Choice("scene")


def config(*projects: Project, smoke_image: str = "") -> Config:
    return Config(
        networks={"coco": COCO, "plain": PLAIN},
        projects={project.name: project for project in projects},
        pictures={"dogs": Picture(source="https://example.org/dogs.jpg", sha256="0" * 64)},
        settings=Settings(smoke_image=smoke_image),
    )


def project(name: str, smoke_image: str, *networks: str) -> Project:
    return Project(name=name, labels=("one",), networks=networks, smoke_image=smoke_image)


def test_the_settings_picture_is_everybodys() -> None:
    chosen = choose(config(project("p", "p.png", "coco"), smoke_image="me.png"), COCO)
    assert chosen == OWN


def test_the_first_project_with_a_picture_that_names_the_network_gives_it() -> None:
    projects = [
        project("a", "a.png", "plain"),
        project("b", "", "coco"),
        project("c", "c.png", "coco"),
        project("d", "d.png", "coco"),
    ]
    assert choose(config(*projects), COCO) == Choice("own", "c.png")


def test_else_the_catalogue_gives_the_picture_else_a_scene_is_drawn() -> None:
    assert choose(config(), COCO) == CATALOGUE
    assert choose(config(), PLAIN) == SCENE


def test_the_expectation_holds_for_the_networks_own_picture_only() -> None:
    assert label_checks(COCO, CATALOGUE, CATALOGUE, "").expect == DOG
    assert label_checks(COCO, OWN, OWN, "").expect is None
    assert "user's own" in label_checks(COCO, OWN, OWN, "").skipped


def test_a_scene_in_place_of_the_picture_skips_the_labels_and_says_why() -> None:
    asked = label_checks(COCO, CATALOGUE, SCENE, "no DNS")
    assert asked.expect is None
    assert not asked.scene
    assert "no DNS" in asked.skipped


def test_only_the_embedded_network_must_find_the_scenes_digits() -> None:
    embedded = Network(name=NAME, sources=("x",))
    assert label_checks(embedded, SCENE, SCENE, "").scene
    assert not label_checks(PLAIN, SCENE, SCENE, "").scene
