"""A training: what the steps `train` and `export` share.

    messages   what a trainer tells of its work
    split      which pictures of images/train are held out to measure by
    history    what became of a training, step by step: a table, TensorBoard's events
    curve      the same, drawn
    child      a trainer's process: started, listened to, stopped
    api/       in that process: the Object Detection API's functions and the loop around them

Two trainers speak these messages: `tasks.training.api` for the networks of the zoo, and
`embedded.finetune` for the embedded network.
"""
