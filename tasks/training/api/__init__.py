"""Training with the Object Detection API, in a process of its own (see `training.child`)."""
