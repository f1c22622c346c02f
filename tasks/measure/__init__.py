"""Measure: run a project's networks on its test pictures.

step                    whether to run, the receipt, the comparison
├── project_pictures    which pictures, and what is annotated on them
├── running             parent: have the networks run; what is noted already is not done again
└── scoring             average precision, by pycocotools
trial                   in TensorFlow's process (see `inference`): one network, on many pictures
clean                   `doit clean measure`
"""
