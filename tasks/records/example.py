"""An annotated picture as a tf.Example of the Object Detection API.

Source of the keys: object_detection/data_decoders/tf_example_decoder.py and
dataset_tools/create_pascal_tf_record.py of tensorflow/models. The class ids are those of the label
map: where no label map is configured, the decoder goes by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tasks.annotations.annotated import Annotated
from tasks.formats.tf_example import Floats, Ints, Texts, encode_example
from tasks.pictures.stored import stored


def example(found: Annotated, ids: Mapping[str, int]) -> bytes:
    """The encoded example of a pair that has no faults. Boxes are fractions of the upright picture.

    Raises:
        ValueError: the picture can't be stored.
    """
    picture, boxes = found.picture, found.boxes
    assert picture is not None
    content, kind = stored(found.content, picture)
    width, height = picture.upright
    name = found.pair.picture.name.encode("utf-8", "surrogateescape")
    return encode_example(
        {
            "image/encoded": Texts((content,)),
            "image/format": Texts((kind.encode(),)),
            "image/filename": Texts((name,)),
            "image/source_id": Texts((name,)),
            "image/key/sha256": Texts((hashlib.sha256(content).hexdigest().encode(),)),
            "image/height": Ints((height,)),
            "image/width": Ints((width,)),
            "image/object/bbox/xmin": Floats(box.xmin / width for box in boxes),
            "image/object/bbox/xmax": Floats(box.xmax / width for box in boxes),
            "image/object/bbox/ymin": Floats(box.ymin / height for box in boxes),
            "image/object/bbox/ymax": Floats(box.ymax / height for box in boxes),
            "image/object/class/text": Texts(box.label.encode() for box in boxes),
            "image/object/class/label": Ints(ids[box.label] for box in boxes),
            "image/object/difficult": Ints(int(box.difficult) for box in boxes),
            "image/object/truncated": Ints(int(box.truncated) for box in boxes),
            "image/object/view": Texts(box.pose.encode() for box in boxes),
        }
    )
