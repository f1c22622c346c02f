"""The table of figures in README.md, written by a command so that nobody types it."""

from typing import Any

BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"


def table(figures: dict[str, Any]) -> str:
    """The Markdown table of the figures that `embedded.evaluate` writes."""
    lines = [
        "| pictures | mAP@0.5 | mAP@[.5:.95] | precision | recall |",
        "|---|---|---|---|---|",
    ]
    for name, row in figures["rows"].items():
        values = (row[key] for key in ("map50", "map", "precision", "recall"))
        lines.append(f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    seconds = figures["seconds"]
    lines += [
        "",
        f"{figures['pictures_per_row']} pictures a row, precision and recall at score "
        f"{figures['threshold']}. The archive has {figures['bytes']:,} bytes, sha256",
        f"`{figures['sha256']}`;",
        f"the network has {figures['parameters']:,} parameters. When this was measured it took "
        f"{seconds['load']:.1f} s to load,",
        f"{seconds['first']:.1f} s for the first picture and {seconds['warm'] * 1000:.0f} ms for "
        "each one after it.",
    ]
    return "\n".join(lines) + "\n"


def with_table(readme: str, figures: dict[str, Any]) -> str:
    """The text of README.md with the table in its place; ValueError if there is no such place."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("README.md has no place marked for the figures")
    return before + begin + table(figures) + end + after
