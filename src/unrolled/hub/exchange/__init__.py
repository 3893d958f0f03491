"""The hub's side of nbgrader's exchange: what is collected, and how it is read."""

from unrolled.hub.exchange.collect_report import CollectReport, read_report
from unrolled.hub.exchange.read_submission import SubmissionRefusedError, parse_entry

__all__ = ["CollectReport", "SubmissionRefusedError", "parse_entry", "read_report"]
