"""What a step is, what it is given, and what steps share.

step            the contract of a step
job             one step of one network or project, its outcome, its progress
step_lock       two doits do no step at the same time
receipts        what steps tell each other, and whether a network is as it was extracted
archive_cache   the archives at hand
reading         reading one, the tree that is staged meanwhile, and what is told of a bad one
"""
