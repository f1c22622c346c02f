"""A network's pipeline.config, tailored to a project.

    recipe    the settings that hold for one network of a project
    schema    every field that the API knows, as pipeline.proto lists them; a text held against them
    apply     one change; changes → text; what the user changed since stays as it is
    schedule  the learning rate, in step with the number of steps and the batch
    rules     what must be changed, and why: by the meta-architecture that is really there

The meaning of the fields, and what is refused when they do not fit together: the Object Detection
API, research/object_detection of github.com/tensorflow/models (protos/*.proto, model_lib_v2.py,
builders/, utils/learning_schedules.py), release 2.8.0.
"""
