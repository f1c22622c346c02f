"""`doit plan`: what a run would do, fetch and write, looked up before any byte moves.

`figures` finds out, asking no server and writing nothing; `table` and `command` show it.
"""
