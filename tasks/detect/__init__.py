"""`doit detect`: any network of the workspace on any pictures.

pictures   which files are meant
command    the network run on them, and what is left of it
annotate   what was found, as Pascal VOC files for labelImg
"""
