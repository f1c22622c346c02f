"""What everything stands on. Knows nothing of the rest.

errors       every expected failure, told in one line
files        reading within bounds, writing whole or not at all; temporary, staging; long lists
paths        where everything lies
receipts     what a finished step leaves behind
ownership    which files are ours: what stands there, what is out of date, what may be written
parallel     work on all processors, its results in order
removal      removing what is ours, and naming what stays
text         text from outside, made fit to be shown; addresses, labels' spelling
"""
