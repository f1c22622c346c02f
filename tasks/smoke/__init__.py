"""Smoke: run a network on a picture, and see whether it answers as a detector should.

step                    parent: whether to run, and the receipt
running                 what to run, the results, the verdict
└── choice, fetch       which picture; the catalogue's picture, from the network
examination             in TensorFlow's process (see `inference`): one network, and the report
├── checks              what can be asked of a detector's outputs
└── draw                boxes on the picture
clean                   `doit clean smoke`
"""
