"""Unpacking a network, and keeping it what it was.

    staging   a folder beside the network that a dead process can't leave behind for ever
    unpack    archive → files in the staging folder, each compared while it is written
    plan      what differs on disk, and what that means (reads only)
    repair    the plan carried out, file by file
    work      which of these is called for; the lock
    step      the step: whether there is work, and the receipt that ends it

Nothing gets its final name before it was compared.
"""
