"""The commands `doit bundle` and `doit adopt`: networks carried in one file to a machine with no
network, and the trainer's packages with them if they are asked for.

`layout` says what the file is, byte by byte; `pack` writes it; `reading` reads what may be
anything, and `take` decides what of it is taken; `packages` does both for the trainer's.
"""
