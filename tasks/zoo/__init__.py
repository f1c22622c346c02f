"""The zoo at a glance, for whoever has to choose a network.

`entries` makes a row of every network, `choice` filters and sorts them, `front` finds those that no
other beats, `table` and `data` write them, `command` does one after the other; `page` tells all of
one network, `papers` is what to cite.
"""
