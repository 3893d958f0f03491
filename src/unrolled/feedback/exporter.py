"""A feedback page whose table of contents says what each check asks for."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

from unrolled.assignment import list_labels, read_cells

_LEVEL = re.compile(r"<(/?)h([1-6])>")
_TITLE = 1  # the page's own heading; those of the notebook stand below it


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """The page of the template `feedback`, with a name for every entry of its table."""

    def from_notebook_node(
        self, nb: NotebookNode, resources: Any = None, **kw: Any
    ) -> tuple[str, Any]:
        """A notebook as a page, and nbconvert's resources."""
        resources = resources or {}
        graded = [c.grade_id for c in read_cells(nb) if c.graded]
        unnamed = {name: f"<code>{escape(name)}</code>" for name in graded}
        resources["entries"] = unnamed | dict(list_labels(read_cells(nb)))
        page, resources = super().from_notebook_node(nb, resources, **kw)
        head, mark, cells = page.partition('<div id="notebook">')
        return head + mark + level_headings(cells), resources


def level_headings(html: str) -> str:
    """HTML whose headings go down one step at a time, below the page's own."""
    last = _TITLE

    def level(tag: re.Match[str]) -> str:
        nonlocal last
        if not tag[1]:
            last = min(int(tag[2]) + _TITLE, last + 1, 6)
        return f"<{tag[1]}h{last}>"

    return _LEVEL.sub(level, html)
