"""Annotated pictures, as labelImg leaves them.

    folder         which picture of a folder belongs to which XML, beside it or around
    other_formats  why a picture without XML is not taken for background
    voc            one Pascal VOC XML file, in any encoding
    annotated      a picture and its XML together: boxes in the picture's own frame, and all faults
    cure           what can be mended of a picture's annotation by rule
    voc_edit       new values in an XML file, of which every other byte stays
    label_map      the label map: read, written, and where it lies
    record_receipt what a project's records were made of
    record_state   whether that still stands
    sharing        which picture is to train and which to test with
    alike          pictures that look alike

All of them are outside input, and hostile until checked.
"""
