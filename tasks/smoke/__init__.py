"""Smoke: run a network on a picture, and see whether it answers as a detector should.

step                         parent: whether to run, and the receipt
running                      what to run, the results, the verdict
├── choice  fetch            which picture; the catalogue's picture, from the network
└── messages                 what is asked of the process, and what comes back
examination                  in TensorFlow's process (see `engine`): one network, and the report
├── checks                   what can be asked of a detector's outputs
└── draw                     boxes on the picture
"""
