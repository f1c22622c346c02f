"""The settings that hold for one network of a project."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from tasks.config.types import Override, Project, Training

# The tutorial's own batch and number of steps: they fit a laptop's memory and an hour or two.
BATCH_SIZE = 2
NUM_STEPS = 1000


class Recipe(Struct, frozen=True):
    """How a network is to be trained. `None`: as the network's own file says.

    Attributes:
        batch_size: pictures a step, over all devices together.
        replicas: devices that train together.
        learning_rate: the highest rate; None: the zoo's, made smaller with the batch.
        max_boxes: boxes of a picture that training looks at.
    """

    batch_size: int = BATCH_SIZE
    num_steps: int = NUM_STEPS
    device: Literal["cpu", "gpu", "tpu"] = "cpu"
    replicas: int = 1
    learning_rate: float | None = None
    max_detections: int | None = None
    max_detections_per_class: int | None = None
    max_boxes: int | None = None
    overrides: dict[str, Override] = {}


def recipe(project: Project, network: str) -> Recipe:
    """The project's settings, with those that it has for this network in front."""
    layers = [project.training]
    if network in project.training_of:
        layers.append(project.training_of[network])
    given: dict[str, object] = {}
    for layer in layers:
        given |= {
            name: value
            for name in Training.__struct_fields__
            if name != "overrides" and (value := getattr(layer, name)) is not None
        }
    overrides = {path: value for layer in layers for path, value in layer.overrides.items()}
    return Recipe(**given, overrides=overrides)  # type: ignore[arg-type]
