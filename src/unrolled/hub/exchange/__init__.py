"""The hub's side of nbgrader's exchange: what is collected, and how it is read."""

__all__ = ["collect", "collect_report", "plugins", "read_submission"]
