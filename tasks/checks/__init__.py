"""Is a project ready to be trained? The checks read, and change nothing.

finding     what a check found
project     all checks, one after the other
pictures    pictures and XML, the split into train and test; labels
records     record files: whole, and in agreement with the label map
networks    the networks of the project, one after the other, and each one's pipeline.config
checkpoint  a network's checkpoint: complete, and fit to start a training from
"""
