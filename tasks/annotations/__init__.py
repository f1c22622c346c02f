"""Annotated pictures, as labelImg leaves them: reading them, and judging them. Both are outside
input and hostile until checked.

    voc       one Pascal VOC XML file
    folder    which picture of a folder belongs to which XML
    places    the files in, below and around a folder of pictures
    neighbours  why a picture without XML is not taken for background
    foreign, mentions  which format another file is in, and which pictures it speaks of
    frame     whether a box lies in its picture
    label_map the label map: read, written, and where it lies
    encoding, numbers, reading  text, numbers and files of other people
    annotated a picture and its XML together: boxes in the picture's own frame, and all faults
"""
