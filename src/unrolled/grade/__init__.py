"""Grading: rebuild a submission, run it in a process of its own, judge it outside."""

import sys

# nbformat imports jsonschema, and that a grammar of internationalised addresses, for
# more than a second. No notebook has such an address; jsonschema does without it.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
