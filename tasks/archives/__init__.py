"""Reading hostile archives once, from the first byte to the last.

names     which names an archive may hold
tar       the members of a .tar.gz
reading   digests of file and members, and their files if they are wanted
"""
