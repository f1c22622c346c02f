"""The zoo at a glance, to choose a network from.

`entries` makes a row of every network and finds those that no other beats, `choice` filters and
sorts them, `table` draws them, `command` is `doit catalogue`; `page` shows all of one network.
"""
