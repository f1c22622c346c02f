"""The rooms of the build: one package a step, and beside them what the steps share.

    errors  files  text  wire  words   leaves: know nothing of the rest
    temporary                          files that are being written: whose they are
    spelling                           labels that look alike
    addresses  numbers                 what outside text may be shown, or read as a number
    paths  receipts                    where things lie, what a finished step leaves behind
    catalogue                          config/*.toml as frozen objects; the lock
    job  installed  store  turn        what the steps share: their orders, a tree's state, the
    look  lists  aside  broom          cache, whose turn it is, what stands there, its removal,
    staging  output                    folders made aside, the standard streams
    textproto  labels                  protobuf's text format, label maps
    pictures  annotations              what a picture's pixels are, labelImg's XML
    tailor                             what a network's config must say to train on a project
    engine                             TensorFlow's process, and what it can do
    download  verify  extract          the steps: plain functions that know nothing of doit
    scaffold  smoke  records  doctor   and never print
    measure
    clean
    compare                            the page that lays a project's networks side by side
    overview                           the zoo as a table, one network's page
    plot                               the zoo as a picture
    commands  console                  what the user types and sees
    runtime  state  order  strict      the one layer that turns a step into a doit task
    wiring  wiring_clean  wiring_training  wiring_overview  wiring_compare

Imports point up this list only.
"""
