"""The page that compares a project's networks: results/<project>/index.html.

    inputs      reads what the steps before left: the comparison, detections, smoke reports, folders
    survey      one pass over all pictures: which the page shows, and how many objects there are
    assemble    all of the page, from figures, cards, charts and gallery: every number has its unit
    page        one HTML file, by jinja2, with its style and script within

The file asks nothing of any server, and works without its script.
"""
