"""Reading hostile archives: `tar` from its first byte to its last, `gzip` below it, `names` and
`headers` that are safe on every system.
"""
