"""How long this project takes, beside the tools that people use instead.

__main__     the command: which sections, how many rounds
measure      one process, or a function in one: wall, CPU, peak memory; contenders in turn
machine      what it is measured on: SHA instructions, versions
table        samples → rows and goals → Markdown
publish      that, into docs/benchmarks.md and README.md
archives     archives in the zoo's layout, from a seed
server       a loopback HTTP server, in a process of its own; as fast as it can, or at a rate
workspaces   checkouts with networks and projects, built
tools        the contenders: which are here, and a virtual environment for those of pip
cluster_simulation   of large clusters, from costs measured here: a command of its own
install  rates  memory  noop  drift  chain  smoke  parallel      the sections
"""

SECTIONS = ("install", "rates", "memory", "noop", "drift", "chain", "smoke", "parallel")
