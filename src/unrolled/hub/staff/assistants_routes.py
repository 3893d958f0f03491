"""The requests that assistants may send to their server: these, and nothing else.

Each line is a method and a path below the server's address. `NAME` is one part of a
path that names one thing: an assignment, a student, a cell. It holds no sign that
would name many (``*``): nbgrader would take it for a pattern.
"""

from __future__ import annotations

import re

NAME = r"(?!\.)[^/*?\[\]{}]+"
FILE = r"[^/]+(?:/[^/]+)*"

SIGN_IN = ("", "oauth_callback", "logout", "favicon.ico", "logo")
PAGES = (
    r"formgrader/?",
    r"formgrader/(?:manage_assignments|manage_students|gradebook)/?",
    rf"formgrader/manage_submissions/{NAME}/?",
    rf"formgrader/(?:gradebook|manage_students)/{NAME}(?:/{NAME})?/?",
    rf"formgrader/submissions/{NAME}/?(?:(?:next|prev)(?:_incorrect)?/?)?",
    rf"formgrader/submissions/{NAME}/{FILE}",  # pictures only: see gate.py
    rf"formgrader/(?:static|fonts|submissions/components)/{FILE}",
)
# What the pages fetch as JSON: the rows of their tables, scores, marks and comments.
PAGE_DATA = (
    r"formgrader/api/(?:status|assignments|students|grades|comments)",
    rf"formgrader/api/(?:assignment|notebooks|submissions|student)/{NAME}",
    rf"formgrader/api/(?:grade|comment|student_submissions)/{NAME}",
    rf"formgrader/api/(?:submission|submitted_notebooks)/{NAME}/{NAME}",
    rf"formgrader/api/student_notebook_submissions/{NAME}/{NAME}",
)
MARKS = (rf"formgrader/api/(?:grade|comment)/{NAME}",)
ONE_SUBMISSION = (
    rf"formgrader/api/submitted_notebook/{NAME}/flag",
    rf"formgrader/api/submission/{NAME}/{NAME}/autograde",
    rf"formgrader/api/assignment/{NAME}/{NAME}/(?:generate|release)_feedback",
)
# JupyterLab as a reader of files. ReadOnlyContentsManager decides which files.
LAB = (
    r"lab/?",
    rf"(?:lab|doc)/(?:tree|workspaces)(?:/{FILE})?",
    rf"lab/(?:api/(?:settings|themes|translations|workspaces)|extensions)(?:/{FILE})?/?",
    rf"(?:static|kernelspecs|custom)/{FILE}",
    rf"api/contents(?:/{FILE})?/?",
    rf"files/{FILE}",
    r"api(?:/(?:me|status|kernels|kernelspecs|sessions|terminals))?/?",
    r"api/events/subscribe",
    r"unrolled/notice",  # that the hub stops: see hub/lab_notice.py
)
ALLOWED = {
    "GET": (*SIGN_IN, *PAGES, *PAGE_DATA, *LAB),
    "PUT": MARKS,
    "POST": ONE_SUBMISSION,
}
_PATTERNS = {
    method: re.compile("|".join(f"(?:{path})" for path in paths))
    for method, paths in ALLOWED.items()
}


def is_allowed(method: str, path: str) -> bool:
    """Whether assistants may send this; `path` is decoded, without a leading slash."""
    pattern = _PATTERNS.get("GET" if method == "HEAD" else method)
    return pattern is not None and pattern.fullmatch(path) is not None
