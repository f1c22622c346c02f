"""Asking servers: `connectivity` finds out what can be reached, `request` asks once, and with whose
password, `answer` reads the headers, `sources` says which places there are to ask.
"""
