"""Annotated pictures, as labelImg leaves them. They are outside input, and hostile until checked.

scan           the files in, below and around a folder of pictures
folder         which picture of a folder belongs to which XML, beside it or around
other_formats  why a picture without XML is not taken for background
voc, encoding  one Pascal VOC XML file, and the text that its bytes are
annotated      a picture and its XML together: boxes in the picture's own frame, and all faults
label_map      the label map: read, written, and where it lies
record_state   what a project's records were made of, and whether that still stands
"""
