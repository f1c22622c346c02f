"""A lossless editor of protobuf's text format.

    parse    text → a tree of fields and where in the text each stands; faults by line and column
    values   a value as Python has it ↔ as the text has it
    path     `eval_input_reader[0].label_map_path`, and what it leads to; merging, if a schema says
             which fields have one value
    edit     set, insert and remove values; every other character stays

The protobuf library reads this format but forgets comments, order and spacing, and drops fields
that it has no schema for, so it can't write a file that a person looks after; txtpbfmt, which can,
is a program in Go.

The format: https://protobuf.dev/reference/protobuf/textformat-spec.
"""
