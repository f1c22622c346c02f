"""`doit import`: annotations in other formats become Pascal VOC in a project's `images/`.

    types         a picture and what another format says of it; what is to be told of a source
    text          files of the source as text and YAML, each of a bounded size
    json_file     its JSON files; on which line a part of one stands
    source        the files below the paths that were named; which picture a name means
    yolo          a .txt for each picture, and a list of the labels
    coco          one JSON for many pictures
    labelme       a JSON for each picture
    createml      one JSON for many pictures
    table         one CSV for many pictures
    voc_layouts   Pascal VOC that lies elsewhere than labelImg puts it
    guess         which of these formats a source is in
    told_splits   which folders a YAML takes to train and to test with
    places        which folder of the project each picture goes to
    plan          which name each picture gets
    convert       boxes in pixels of the upright picture
    write         pictures and XML, whole or not at all
    request       what the options ask for
    take          pictures and annotations into a project
    telling       what is told of an import
    command       all of it

Everything below a source is outside input, and hostile until checked.
"""
