"""Pages of one HTML file each, which ask nothing of any server: what they have in common.

    shell       one file of a template, its data, the style and the scripts; no name can do harm
    facts       what is shown in words: states, facts, tables
    charts      charts, laid out; axes
    boxes       where boxes and their labels lie on a picture
    thumbnails  small pictures within the page
    units       figures as text: every number has its unit

A page has a folder of templates of its own beside these, in `templates/`:

    shell.html.jinja   what every page has, from its head to its footer; a page extends it
    parts.html.jinja   macros: `state`, `chart`, `table`
    drawn.html.jinja   macros: pictures with boxes
    page.css, page.js  style and script of every page

A page's step raises its VERSION when one of these changes what it looks like.
"""
