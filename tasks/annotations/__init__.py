"""Annotated pictures, as labelImg leaves them.

    folder         which picture of a folder belongs to which XML, beside it or around
    other_formats  why a picture without XML is not taken for background
    voc            one Pascal VOC XML file, in any encoding
    annotated      a picture and its XML together: boxes in the picture's own frame, and all faults
    label_map      the label map: read, written, and where it lies
    record_state   what a project's records were made of, and whether that still stands

All of them are outside input, and hostile until checked.
"""
