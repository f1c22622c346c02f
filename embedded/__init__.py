"""The embedded network: a real, tiny detector of hand-written digits on the faces of cubes.

    handwriting, cubes, grounds  ->  scenes  ->  dataset            (pictures: numpy, Pillow)
                                       |
                                     render  ->  augment, assign    (training data: numpy, Pillow)
                                                   |
                     network, losses, training  <-+                 (TensorFlow)
                         |
                     export  ->  pack  ->  the archive              (TensorFlow; tar and gzip)

Commands, each `python -m embedded.<name> --help`: train, evaluate, dataset, gallery.
This module imports nothing, so that the names below cost nothing to have.
"""

NAME = "ssd_tinynet_320x320_cube_digits"
"""Name of the network: that of the archive, of its top folder and of the zoo entry."""

LABELS = ("one", "two", "three", "four", "five", "six")
"""The classes in the order of their ids: `LABELS[0]` has id 1."""
