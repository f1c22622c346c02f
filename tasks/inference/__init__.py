"""The process that imports TensorFlow, for all that run networks.

    child           parent: the process, started when needed, timed, killed, started anew
    surroundings    what it is given: its environment, what it may read and write
    channel         the connection to it, which nothing else can write to
    hearing         what it says, and how long that is waited for
    printed, death  what it prints, and why it is no more
    messages        what the two processes say to each other
    worker          child: takes orders, has a handler carry each out, gives answers
    isolation       gives up what it does not need: landlock (files), seccomp (the network and
                    other processes), limits (memory, sizes)
    inference       the TensorFlow calls
    outputs         what a network's outputs mean
    pictures        any picture as RGB
    memory          how much the process held
    machine         what it all runs on
    version         which TensorFlow is installed, without importing it

An order names its handler, a function of the room that sends it: this room knows the two names. The
parent imports neither TensorFlow nor numpy nor Pillow: whoever has nothing to run pays nothing.
"""
