"""The configuration.

`types` says what it is, `load` reads it, `parse` and `checks` serve `load`, `faults` tells what is
wrong with it, `lock` is the record of what was trusted.
"""
