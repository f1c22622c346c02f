"""The commands `doit bundle` and `doit adopt`: networks carried in one file to a machine with no
network. `layout` says what the file is, byte by byte; `pack` writes it, `take` reads it."""
