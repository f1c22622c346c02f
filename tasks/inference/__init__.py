"""The process that imports TensorFlow, for all that run networks; and what they leave behind.

    child           parent: the process, started when needed, timed, killed, started anew
    channel         what the two processes send each other, over what nothing else can write to
    environment     what the process is given: its variables, its home, its permissions
    output_log      what it prints, in a log of bounded size; why it ended
    worker          child: takes requests, has a handler carry each out, replies
    isolation       gives up what it does not need: memory, files (landlock), the network and
                    other processes (seccomp)
    saved_model     the TensorFlow calls, and what a network's outputs mean
    input_picture   any picture as RGB
    machine         what it all runs on, how much memory is held, which TensorFlow is installed
    measuring       measure, detect: the request and the reply
    report          smoke: its request and reply, smoke.json, its receipt
    results         measure: comparison.json, its receipt, and what it saves between runs

A request names its handler, a function of the room that sends it: this room knows the two names.
The parent imports neither TensorFlow nor numpy nor Pillow: a build with nothing to run loses no
time.
"""
