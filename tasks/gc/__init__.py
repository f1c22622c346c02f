"""`doit gc`: what of the cache no known workspace needs, and its removal.

`needed` finds out what the known workspaces need; `sweep` what lies in the cache and is not that;
`command` shows it, and removes it when it is asked to.
"""
