"""A lossless editor of protobuf's text format.

    tokens   text → tokens; every fault with its line and column
    tree     tokens → fields and where in the text each stands
    values   a value as Python has it ↔ as the text has it
    path     `eval_input_reader[0].label_map_path`
    merge    what counts where a field stands several times, if a schema says that it has one value
    edit     set, insert and remove values; every other character stays

No schema is needed, but for merging. The protobuf library reads this format but forgets comments,
order and spacing, and drops fields that it has no schema for, so it can't write a file that a
person looks after; txtpbfmt, which can, is a program in Go.

The format: https://protobuf.dev/reference/protobuf/textformat-spec.
"""
