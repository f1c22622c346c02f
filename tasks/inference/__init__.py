"""The process that imports TensorFlow, for all that run networks.

    child           parent: the process, started when needed, timed, killed, started anew
    environment     what it is given: its variables, what it may read and write
    channel         the connection to it, which nothing else can write to
    replies         what it answers, how long that is waited for, and why it ended
    output_log      what it prints, in a log of bounded size
    messages        what the two processes send each other
    worker          child: takes orders, has a handler carry each out, gives answers
    isolation       gives up what it does not need: landlock (files), seccomp (the network and
                    other processes), limits (memory, sizes)
    inference       the TensorFlow calls
    outputs         what a network's outputs mean
    input_picture   any picture as RGB
    memory          how much the process held
    machine         what it all runs on
    version         which TensorFlow is installed, without importing it
    report          smoke's request and reply, and the content of smoke.json
    results         the content of comparison.json, and detections picture by picture
    notes           what measure found, remembered between runs
    receipts        the receipts of smoke, measure and compare

An order names its handler, a function of the room that sends it: this room knows the two names. The
parent imports neither TensorFlow nor numpy nor Pillow: a build with nothing to run loses no time.
"""
