"""What training minimises: quality focal loss for classes, generalised IoU for boxes.

X. Li et al., "Generalized Focal Loss", 2020 (quality focal loss: the score learns how well the
box will fit); H. Rezatofighi et al., "Generalized Intersection over Union", 2019.
"""

from embedded.network import Tensor, decode
from embedded.without_keras import tf

BOX_WEIGHT = 2.0


def loss(logits: Tensor, codes: Tensor, classes: Tensor, boxes: Tensor) -> Tensor:
    """Loss per digit of a batch, a scalar.

    logits [b, 1600, 6] and codes [b, 1600, 4] are the network's; classes [b, 1600] and
    boxes [b, 1600, 4] are those of `assign`.
    """
    found = tf.where(classes >= 0)  # [k, 2]: picture and anchor
    count = tf.maximum(tf.cast(tf.shape(found)[0], tf.float32), 1.0)
    iou, giou = overlaps(tf.gather_nd(decode(codes), found), tf.gather_nd(boxes, found))
    box_loss = tf.reduce_sum(1.0 - giou) / count
    columns = tf.cast(tf.gather_nd(classes, found), tf.int64)[:, None]
    quality = tf.scatter_nd(
        tf.concat([found, columns], axis=1),
        tf.stop_gradient(iou),
        tf.shape(logits, out_type=tf.int64),
    )
    counted = tf.cast(classes > -2, tf.float32)[..., None]
    class_loss = tf.reduce_sum(counted * _quality_focal(logits, quality)) / count
    return class_loss + BOX_WEIGHT * box_loss


def _quality_focal(logits: Tensor, quality: Tensor) -> Tensor:
    distance = tf.square(quality - tf.sigmoid(logits))
    return distance * tf.nn.sigmoid_cross_entropy_with_logits(quality, logits)


def overlaps(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection over union of boxes [.., 4] one by one, and its generalised form; both [..]."""
    shared = _area(tf.maximum(a[..., :2], b[..., :2]), tf.minimum(a[..., 2:], b[..., 2:]))
    around = _area(tf.minimum(a[..., :2], b[..., :2]), tf.maximum(a[..., 2:], b[..., 2:]))
    union = _area(a[..., :2], a[..., 2:]) + _area(b[..., :2], b[..., 2:]) - shared
    iou = shared / tf.maximum(union, 1e-6)
    return iou, iou - (around - union) / tf.maximum(around, 1e-6)


def _area(low: Tensor, high: Tensor) -> Tensor:
    return tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
