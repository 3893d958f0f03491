"""What pages with students' words in them may do: the browser's second lock.

`sanitize` leaves nothing that runs. Should something get past it all the same, the
browser refuses to run it: only scripts that carry the page's nonce are ours.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from hashlib import sha256
from typing import Any

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"
FEEDBACK = f"{NOTHING}; style-src 'unsafe-inline'; img-src data:"
# A file that a student handed in beside the notebook, opened in a marker's browser.
SUBMITTED_FILE_POLICY = (
    f"sandbox; {NOTHING}; style-src 'unsafe-inline'; img-src 'self' data:"
)


# What nbgrader's lists say in attributes of their buttons.
BUTTONS = ("toggleAllNames()", "createAssignmentModal();", "createStudentModal();")


def new_nonce(known: Any = None) -> str:
    """What marks the scripts of one answer of a server, or `known` if there is one."""
    return str(known or secrets.token_urlsafe(16))


def marking_policy(nonce: str) -> str:
    """The policy of formgrader's page of a submission.

    A nonce, and not 'self': students' own files have the page's address, too.
    """
    own = "connect-src 'self'; font-src 'self'; img-src 'self' data:"
    styles = "style-src 'self' 'unsafe-inline'"
    return f"{NOTHING}; script-src 'nonce-{nonce}'; {styles}; {own}"


def list_policy(nonce: str) -> str:
    """The policy of formgrader's lists: of assignments, students, submissions."""
    script = f"script-src 'nonce-{nonce}'"
    digests = (b64encode(sha256(text.encode()).digest()).decode() for text in BUTTONS)
    buttons = " ".join(f"'sha256-{digest}'" for digest in digests)
    allowed = f"{script} 'unsafe-hashes' {buttons}"
    return marking_policy(nonce).replace(script, allowed)
