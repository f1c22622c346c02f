"""Cubes on the ground seen by a camera: where the corners of their visible faces fall.

World: x to the right, y away from the camera, z up, ground z = 0, lengths in cube sides.
Picture: pixels, x to the right, y down, (0, 0) is the upper left corner.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Corners in the order upper left, upper right, lower right, lower left, as someone who looks at
# the face sees them; the cube's base is the unit square about the origin.
_FACES: tuple[tuple[tuple[float, float, float], ...], ...] = (
    ((-0.5, 0.5, 1), (0.5, 0.5, 1), (0.5, -0.5, 1), (-0.5, -0.5, 1)),
    ((-0.5, -0.5, 1), (0.5, -0.5, 1), (0.5, -0.5, 0), (-0.5, -0.5, 0)),
    ((0.5, -0.5, 1), (0.5, 0.5, 1), (0.5, 0.5, 0), (0.5, -0.5, 0)),
    ((-0.5, 0.5, 1), (-0.5, -0.5, 1), (-0.5, -0.5, 0), (-0.5, 0.5, 0)),
)
_NORMALS = np.array([[0, 0, 1], [0, -1, 0], [1, 0, 0], [-1, 0, 0]], np.float64)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    eye: its place, float64 [3].
    axes: float64 [3, 3], rows = directions of the picture's x, y and of the view.
    focal: focal length in pixels.
    centre: the picture point (x, y) in the middle of the view, float64 [2].
    """

    eye: Array
    axes: Array
    focal: float
    centre: Array

    def project(self, points: Array) -> Array:
        """Picture points [n, 2] of world points [n, 3] in front of the camera."""
        local = (points - self.eye) @ self.axes.T
        seen: Array = self.centre + self.focal * local[:, :2] / local[:, 2:]
        return seen


@dataclass(frozen=True)
class Face:
    """A face that looks towards the camera.

    corners: picture points [4, 2] in the order upper left, upper right, lower right, lower left.
    normal: its direction in the world, float64 [3].
    """

    corners: Array
    normal: Array


@dataclass(frozen=True)
class Cube:
    """A cube on the ground: middle of its base, its side and its turn in radians."""

    place: tuple[float, float]
    side: float
    yaw: float

    def _to_world(self, points: Array) -> Array:
        placed: Array = points @ _turn(self.yaw).T * self.side + np.array([*self.place, 0.0])
        return placed

    def visible_faces(self, camera: Camera) -> list[Face]:
        """Its faces that look towards the camera: the top and one or two sides."""
        faces = []
        for shape, normal in zip(_FACES, _NORMALS @ _turn(self.yaw).T, strict=True):
            corners = self._to_world(np.array(shape, np.float64))
            if float((camera.eye - corners.mean(axis=0)) @ normal) > 0:
                faces.append(Face(camera.project(corners), normal))
        return faces

    def shadow(self, camera: Camera, light: Array) -> list[Array]:
        """Picture polygons [4, 2] that together cover its shadow on the ground."""
        polygons = []
        for shape in (*_FACES, tuple((x, -y, z) for x, y, z in _FACES[1])):
            corners = self._to_world(np.array(shape, np.float64))
            fallen = corners - corners[:, 2:] * light / light[2]
            polygons.append(camera.project(fallen))
        return polygons


def _turn(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def look_at_origin(
    elevation: float, distance: float, roll: float, focal: float, centre: tuple[float, float]
) -> Camera:
    """A camera before the origin, `elevation` radians above the ground, rolled by `roll`."""
    c, s = np.cos(elevation), np.sin(elevation)
    eye = distance * np.array([0, -c, s])
    right, down, view = np.array([1.0, 0, 0]), np.array([0, -s, -c]), np.array([0, c, -s])
    rolled = [
        np.cos(roll) * right + np.sin(roll) * down,
        np.cos(roll) * down - np.sin(roll) * right,
    ]
    return Camera(eye, np.array([*rolled, view]), focal, np.array(centre, np.float64))


def place_cubes(count: int, rng: np.random.Generator) -> list[Cube]:
    """`count` cubes (fewer if there is no room) that do not touch, the farthest first."""
    cubes: list[Cube] = []
    reach = (0.25, 0.95, 1.35, 1.6)[count - 1]
    for _ in range(40 * count):
        if len(cubes) == count:
            break
        side, yaw = rng.uniform(0.8, 1.15), rng.uniform(-0.78, 0.78)
        place = rng.uniform(-reach, reach, 2) * np.array([1.0, 0.9])
        if all(np.hypot(*(place - other.place)) > 0.74 * (side + other.side) for other in cubes):
            cubes.append(Cube((float(place[0]), float(place[1])), float(side), float(yaw)))
    return sorted(cubes, key=lambda cube: -cube.place[1])
