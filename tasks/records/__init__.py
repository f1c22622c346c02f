"""Records: a project's annotated pictures as the Object Detection API reads them.

    memory    size, time and digest of each file as last read, so that only changed ones are read
    make      writes one record file
    step      the step: `images/train` → `training/train.record`, the same for `test`

TensorFlow is not imported, which takes seconds; the protobuf library encodes the examples.
"""
