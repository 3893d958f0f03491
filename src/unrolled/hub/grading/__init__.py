"""The page on which a class is collected and graded."""

__all__ = ["jobs", "page", "progress"]
