"""A network's pipeline.config, tailored to a project.

    schema    every field that the API knows, as pipeline.proto lists them; what is wrong in a text
    edit      changes made in a text; what the user changed since stays as it is
    training  the settings of one network's training, and the learning rate in step with them
    rules     what must be changed, and why, by the meta-architecture that the file has
    refusals  what TensorFlow 2's training refuses, or ignores
    trainable  values that no training can use; the first of all these faults, with its line

The meaning of the fields, and what is refused when they do not fit together: the Object Detection
API, research/object_detection of github.com/tensorflow/models (protos/*.proto, model_lib_v2.py,
builders/, utils/learning_schedules.py), release 2.8.0.
"""
