"""The doctor: is a project ready to be trained? It reads and changes nothing.

finding     one row of its table
pictures    pictures and XML, the split into train and test
labels      the label map, and what the annotations make of it
records     record files: whole, and of the same mind as the label map
text        what editors and browsers do to text files
config      a network's pipeline.config: text, values, paths
refusals    what TensorFlow 2's training refuses in it, or passes over
extractors  which feature extractors TensorFlow 2 has
start       the checkpoint that it names, and whether the two fit
checkpoint  a network's checkpoint: complete, and as wide as its config says
networks    the networks of the project, one after the other
examine     all of it
table       the rows as the user sees them
"""
