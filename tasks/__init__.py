"""The rooms of the build, from the ground up.

    core              errors, files, paths, receipts; text from outside, made fit to be shown
    formats           bytes ↔ values: protobuf's text and wire formats, tensor bundles, records
    archives          reading hostile archives
    config            config/*.toml as frozen objects; config/zoo.lock
    pictures          what a picture's pixels are
    web               asking servers: what can be reached, with whose password, one request
    pipeline          what a step is given, and what steps share: the cache, locks, installed
    pipeline_config   what a network's pipeline.config must say to train on a project
    annotations       pictures and labelImg's XML together; label maps
    inference         TensorFlow's process, and what it found
    cluster           networks run by the workers of a Dask cluster
    checks            whether a project is ready to be trained
    training          a trainer's process, and what becomes of a training
    pages             HTML pages of one file: charts, pictures with boxes, figures as text
    console           what the user sees
    zoo               the catalogue as a table and a page
    (the steps)       a room each, listed in wiring/registry.py: plain functions that know nothing
                      of doit; none imports another
    detect            the command that runs a network on any pictures
    importing         the command that takes annotations in other formats
    bundle            the commands that carry networks in one file
    plan              the command that tells what a run would do, fetch and write
    serve             the command that gives archives to other workspaces, as their mirror
    gc                the command that sweeps the cache
    wiring            the one layer that turns a step into a doit task

Imports point up this list only.
"""
