"""Smoke: run a network on a picture, and see whether it answers as a detector should.

    step                         parent: whether to run, and the receipt
    running                      what to run, the results, the verdict
    ├── choice  fetch            which picture; the catalogue's picture, from the network
    ├── child                    the process that imports TensorFlow: started, timed, killed
    └── messages                 what the two processes say to each other
    worker                       child: takes orders, gives answers
    └── examination              one network: what an order asks for, and the report
    ├── inference                the TensorFlow calls
    ├── checks                   what can be asked of a detector's outputs
    ├── pictures                 any picture as RGB
    └── draw                     boxes on the picture

The parent imports neither TensorFlow nor numpy nor Pillow: whoever has nothing to run pays nothing.
"""
