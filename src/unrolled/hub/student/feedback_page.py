"""A fetched feedback page as the student's server shows it, with the way back.

The file is the same wherever it lies, so the link is put in when it is shown: only
the server knows where the course page is.
"""

from __future__ import annotations

import re
from html import escape

# Feedback pages have this where the link belongs; see feedback/templates/feedback/.
LINK_MARKER = "<!-- course page -->"
_BODY = re.compile(r"<body[^>]*>")


def add_back_link(page: str, home: str) -> str:
    """A feedback page with a link to the course page at `home`.

    The first place counts, which is above all that a student wrote. A page made by an
    earlier version gets the link at its very beginning.
    """
    link = f'<a class="back" href="{escape(home)}">← Back to the course page</a>'
    if LINK_MARKER in page:
        return page.replace(LINK_MARKER, link, 1)
    body = _BODY.search(page)
    at = body.end() if body else 0
    return f"{page[:at]}{link}{page[at:]}"
