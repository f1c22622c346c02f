"""What everything stands on. Knows nothing of the rest.

errors       every expected failure, told in one line
files        reading within bounds, writing whole or not at all; temporary, staging
paths        where everything lies
receipts     what a finished step leaves behind; former: those of the release before
ownership    which files are ours: written, found out of date, cleaned in one way
backup, removal, inspect   the user's file is renamed; ours are removed; what stands there
text         text from outside, made fit to be shown; addresses, numbers, spelling, lists
"""
