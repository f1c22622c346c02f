"""The network: its layers, its anchors, and the coding of boxes.

    picture [320, 320, 3]
      stem                     80x80  edges of strokes
      down1, mix1, mix2        40x40  shapes of digits
      down2, mix3, mix4, mix5  20x20  surroundings (is this the face of a cube?)
      lift + 40x40, head       40x40  six class logits and four box codes per anchor

An SSD with one level: one square anchor of 32 pixels at each of 40x40 places, stride 8.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from embedded import LABELS
from embedded.without_keras import tf

SIDE = 320
STRIDE = 8
CELLS = SIDE // STRIDE
ANCHOR = 32.0
CODE_SCALES = (10.0, 10.0, 5.0, 5.0)
"""Faster R-CNN's box coder: y, x, height, width."""

Tensor = Any  # TensorFlow ships no usable types
ConvLayer = Callable[[str, Tensor], Tensor]
"""Applies the layer of a name: `conv(name, x)`."""


@dataclass(frozen=True)
class Conv:
    """A convolution: side of its kernel, channels in and out, stride; `relu` and batch norm
    follow unless it is an output."""

    kernel: int
    inputs: int
    outputs: int
    stride: int = 1
    is_output: bool = False


LAYERS = {
    "stem": Conv(6, 3, 32, 4),
    "down1": Conv(3, 32, 48, 2),
    "mix1_narrow": Conv(1, 48, 24),
    "mix1_wide": Conv(3, 24, 48),
    "mix2_narrow": Conv(1, 48, 24),
    "mix2_wide": Conv(3, 24, 48),
    "down2": Conv(3, 48, 80, 2),
    "mix3_narrow": Conv(1, 80, 40),
    "mix3_wide": Conv(3, 40, 80),
    "mix4_narrow": Conv(1, 80, 40),
    "mix4_wide": Conv(3, 40, 80),
    "mix5_narrow": Conv(1, 80, 40),
    "mix5_wide": Conv(3, 40, 80),
    "lift": Conv(1, 80, 48),
    "head": Conv(3, 48, 64),
    "classes": Conv(1, 64, len(LABELS), is_output=True),
    "boxes": Conv(1, 64, 4, is_output=True),
}


def tinynet(conv: ConvLayer, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Class logits [b, 1600, 6] and box codes [b, 1600, 4] of pictures [b, 320, 320, 3], 0..255."""
    x = conv("stem", tf.cast(pictures, tf.float32) / 127.5 - 1.0)
    x = conv("down1", x)
    x = _mix(conv, "mix2", _mix(conv, "mix1", x))
    wide = conv("down2", x)
    for name in ("mix3", "mix4", "mix5"):
        wide = _mix(conv, name, wide)
    x += tf.repeat(tf.repeat(conv("lift", wide), 2, axis=1), 2, axis=2)
    x = conv("head", x)
    return _flat(conv("classes", x)), _flat(conv("boxes", x))


def _mix(conv: ConvLayer, name: str, x: Tensor) -> Tensor:
    """A residual block with a narrow waist, which saves weights."""
    return x + conv(f"{name}_wide", conv(f"{name}_narrow", x))


def _flat(x: Tensor) -> Tensor:
    return tf.reshape(x, [-1, CELLS * CELLS, x.shape[-1]])


def anchor_centres() -> Tensor:
    """Centres (y, x) of the anchors in pixels, float32 [1600, 2], row by row."""
    middle = (tf.range(CELLS, dtype=tf.float32) + 0.5) * STRIDE
    return tf.reshape(tf.stack(tf.meshgrid(middle, middle, indexing="ij"), axis=-1), [-1, 2])


def decode(codes: Tensor) -> Tensor:
    """Boxes [.., 1600, 4] (ymin, xmin, ymax, xmax in pixels) of box codes [.., 1600, 4]."""
    scaled = codes / tf.constant(CODE_SCALES)
    centre = anchor_centres() + scaled[..., :2] * ANCHOR
    half = 0.5 * ANCHOR * tf.exp(tf.minimum(scaled[..., 2:], 4.0))
    return tf.concat([centre - half, centre + half], axis=-1)


def parameters() -> int:
    """Weights and biases of the network once batch norm is folded into them."""
    return sum(c.kernel**2 * c.inputs * c.outputs + c.outputs for c in LAYERS.values())
