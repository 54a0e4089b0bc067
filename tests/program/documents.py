"""Reading the tables of our pages as a person reads them."""

import re

from harness import SOURCE


def document(name):
    return (SOURCE / name).read_text(encoding="utf-8")


def tables(text):
    """The rows of all tables below each heading: {heading: [[cell, ...], ...]}."""
    return {heading: [row for _, rows in each for row in rows]
            for heading, each in tables_with_titles(text).items()}


def tables_with_titles(text):
    """The tables below each heading, as (titles of the columns, rows): {heading: [table, ...]}."""
    found, heading, in_code, rows = {}, "", False, None
    for line in text.splitlines():
        if line.startswith("```"):
            in_code = not in_code
        if in_code:
            continue
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            rows = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if rows is None:
            rows = []
            found.setdefault(heading, []).append((cells, rows))
        elif not re.fullmatch(r"-+", cells[0]):
            rows.append(cells)
    return found


def names(cell):
    """The names in backquotes; one that starts with a point replaces the last step of the first."""
    result = []
    for name in re.findall(r"`([^`]+)`", cell):
        result.append(result[0].rsplit(".", 1)[0] + name if name.startswith(".") else name)
    return result


def flattened(value, path, kinds):
    """Paths of all leaves of a JSON value; keys that are data become [kind]. A list of tables is
    walked through, written []; any other list is a leaf."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return set().union(*(flattened(inner, path + "[]", kinds) for inner in value))
    if not isinstance(value, dict):
        return {path}
    result = set()
    for key, inner in value.items():
        kind = next((kind for kind, members in kinds.items() if key in members), None)
        step = f"[{kind}]" if kind else f".{key}" if path else key
        result |= flattened(inner, path + step, kinds)
    return result
