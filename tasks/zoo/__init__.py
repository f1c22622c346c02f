"""The zoo at a glance, to choose a network from.

`entries` makes a row of every network and finds those that no other beats; `command` is
`doit catalogue`, which filters and sorts them; `table` draws them; `page` shows all of one network.
"""
