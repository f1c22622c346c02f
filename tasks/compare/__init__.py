"""The page that compares a project's networks: results/<project>/index.html.

    Comparison, Sights, smoke reports, catalogue, tree          what the steps before left
      └─ survey ─▶ chosen pictures, counts by score             one pass over all pictures
           └─ view, cards, pictures, charts ─▶ Page             pure: every number has its unit
                └─ page ─▶ one HTML file                        jinja2; style and script within

The file asks nothing of any server, and works without its script.
"""
