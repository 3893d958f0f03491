"""The page on which a class is collected and graded."""

__all__ = ["class_report", "extensions", "jobs", "page", "progress", "warm"]
