"""`doit plot`: published speed against mAP, as a picture.

`content` decides what is drawn and what only named, `place` where the labels go, `draw` draws,
`step` knows when it is stale.
"""
