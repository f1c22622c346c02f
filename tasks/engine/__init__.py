"""The process that imports TensorFlow, for all that run networks.

    child        parent: the process, started when needed, timed, killed, started anew
    messages     what the two processes say to each other
    worker       child: takes orders, has a handler carry each out, gives answers
    inference    the TensorFlow calls
    outputs      what a network's outputs mean
    pictures     any picture as RGB
    memory       how much the process held
    machine      what it all runs on
    version      which TensorFlow is installed, without importing it

An order names its handler, a function of the room that sends it: this room knows none of them. The
parent imports neither TensorFlow nor numpy nor Pillow: whoever has nothing to run pays nothing.
"""
