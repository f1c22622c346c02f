"""Measure: run a project's networks on its test pictures.

step                 whether to run, the receipt, the comparison
├── pictures         which pictures, and what is annotated on them
├── running          parent: have the networks run; what is noted already is not done again
├── notes            what is remembered of each network and each project
└── scoring          average precision, by pycocotools
trial                in TensorFlow's process (see `engine`): one network, on many pictures
results              what comes of it
sights               the same, picture by picture
"""
