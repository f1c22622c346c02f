"""Asking servers: `connectivity` finds out what can be reached, `request` asks once, `answer` reads
the headers, `credentials` says with whose password, `sources` which places there are to ask.
"""
