"""Records: a project's annotated pictures as the Object Detection API reads them.

    wire      protobuf's wire format, as far as a tf.Example needs it
    framing   the TFRecord file around the examples
    example   an annotated picture ↔ a tf.Example
    memory    which file was seen in which state, so that only changed ones are read
    make      writes one record
    step      the step: `images/train` → `training/train.record`, the same for `test`

TensorFlow is not asked: it takes seconds to start, and the format is a page long.
"""
